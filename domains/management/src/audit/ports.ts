import { type AuditRecord, type NoteSigner } from "@crossguardian/audit";
import { type Failure } from "@crossguardian/kernel";

/** The log's files. Every write is durable before it resolves. */
export type AuditFiles = {
  readonly read: () => Promise<{ readonly log: Uint8Array; readonly checkpoint: string | null; readonly next: string | null }>;
  /** Keeps so many bytes of the log. */
  readonly cut: (keepBytes: number) => Promise<void>;
  readonly append: (text: string) => Promise<void>;
  /** Writes the checkpoint that will hold once the log is as long. */
  readonly writeNext: (note: string) => Promise<void>;
  /** Puts the next checkpoint in the place of the present one. */
  readonly promoteNext: () => Promise<void>;
};

/** The audit log, as the rest of management sees it. */
export type Audit = {
  /** Resolves when the record is on the disk under a signed checkpoint. @throws audit.log.*; what was to be recorded is then not done */
  readonly append: (record: AuditRecord) => Promise<void>;
  /** Null: records are kept. Otherwise why not; operator actions are refused. */
  readonly trouble: () => Failure | null;
  /** Records and signed checkpoint of now, for the operator. */
  readonly head: () => { readonly size: number; readonly checkpoint: string | null };
  /**
   * Names the key that signs the log after the next start, and signs with both from here on: that start may have either. Resolves when a
   * checkpoint of both is on the disk. @throws audit.log.*
   */
  readonly handOver: (next: NoteSigner) => Promise<void>;
};
