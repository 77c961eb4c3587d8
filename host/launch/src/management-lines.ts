import { type Counters, type Isolation } from "@crossguardian/isolation";
import { type Failure } from "@crossguardian/kernel";
import { type Allocation } from "./allocation.ts";

/**
 * Launcher to management, JSON lines over a descriptor only these two have. A domain's `started` comes before its channel is
 * at the switch; `epoch` is decimal text. Not `fresh`: it ran before this management process did, and was perhaps `admitted` by another.
 */
export type ToManagement =
  | { readonly type: "started"; readonly name: string; readonly epoch: string; readonly pid: number; readonly fresh: boolean; readonly admitted: boolean; readonly held: readonly HeldStep[] }
  | { readonly type: "ended"; readonly name: string; readonly epoch: string }
  | { readonly type: "held"; readonly name: string; readonly epoch: string; readonly step: HoldStep; readonly done: boolean }
  /** Counters of every process of the house, SAMPLE_MS apart (sample-house.ts). */
  | { readonly type: "sample"; readonly atMs: number; readonly domains: readonly DomainCounters[] }
  /** A key was written; `keyEpoch` null: it was not. */
  | { readonly type: "keyed"; readonly name: string; readonly epoch: string; readonly keyEpoch: string | null }
  /** The allocation that is in force now, or why nothing was changed. */
  | { readonly type: "allocated"; readonly name: string; readonly epoch: string; readonly allocation: Allocation | null; readonly failure: Failure | null }
  | { readonly type: "whitelisted"; readonly on: boolean }
  | { readonly type: "ask"; readonly id: number; readonly domain: string; readonly command: string; readonly argument: string };

/** Counters of one process or jail of the house; the switch is one of them. Times in microseconds. */
export type DomainCounters = Counters & { readonly name: string; readonly epoch: string };

/** Management to launcher. */
export type FromManagement =
  | { readonly type: "ready" }
  | { readonly type: "admitted"; readonly name: string; readonly epoch: string }
  | { readonly type: "refused"; readonly name: string; readonly epoch: string; readonly why: string }
  | { readonly type: "hold"; readonly name: string; readonly epoch: string; readonly step: HoldStep; readonly cpuPercent: number | null }
  /** `restart`: it is killed; `renew`: it may end in order. Another instance follows. */
  | { readonly type: "restart" | "renew"; readonly name: string; readonly epoch: string; readonly why: string }
  /** The root key of the domain's next epoch, in hexadecimal, for its slot. */
  | { readonly type: "key"; readonly name: string; readonly epoch: string; readonly key: string }
  /** A change of the domain's allocation. `lends`: of its cpu quota alone, and not kept. */
  | { readonly type: "allocate"; readonly name: string; readonly epoch: string; readonly change: unknown; readonly lends: boolean }
  /** Whether nothing but IBTP passes the switch. */
  | { readonly type: "whitelist"; readonly on: boolean }
  /** The audit log's signed checkpoint, to be kept where management can not write. */
  | { readonly type: "checkpoint"; readonly note: string }
  | { readonly type: "answer"; readonly id: number; readonly ok: boolean; readonly answer: string };

/** Steps against a domain whose effect is the launcher's: quota and freezer. It remembers a quarantine for the next management process. */
export const HOLD_STEPS = ["limit", "quarantine", "freeze", "thaw", "release"] as const;
/** One of {@link HOLD_STEPS}. */
export type HoldStep = (typeof HOLD_STEPS)[number];
/** A step that is in force. */
export type HeldStep = "quarantine" | "freeze";

/** Descriptor of the line in the management process. */
export const MANAGEMENT_LINE_FD = 4;
/** Descriptor of management's key when it has one; CG_KEY_FD then says so. */
export const MANAGEMENT_KEY_FD = 5;

/** What management needs to know about one domain, from the house file. */
export type ManagedDomain = {
  readonly name: string;
  readonly kind: string;
  readonly chain: string | null;
  readonly port: number;
  readonly standbyOf: string | null;
  readonly role: string;
  readonly network: "none" | "host";
  /** Runs in a jail whose self-test must match, or as a process of the host. */
  readonly jailed: boolean;
  readonly isolation: Isolation;
  /** Encoded configuration, base64. */
  readonly config: string;
  /** Its quota as it was set up, in percent of one core; null: none. */
  readonly cpuQuotaPercent: number | null;
  /** Days its root key is used at most; null: no limit was told. */
  readonly keyLifetimeDays: number | null;
  readonly allocation: Allocation;
};

/** Configuration of the management domain, JSON in the file CG_MANAGEMENT names. */
export type ManagementConfig = {
  readonly house: string;
  /** Name of the house among all: `instance-house`. */
  readonly instance: string;
  readonly production: boolean;
  /** The access document the house was set up with; null: nobody gives orders. */
  readonly access: string | null;
  /** The signed security profiles as text; null: none. */
  readonly profiles: string | null;
  /** The checkpoint management handed over last; null: none yet. */
  readonly checkpoint: string | null;
  readonly detection: "act" | "report";
  readonly logs: string;
  readonly whitelisting: boolean;
  readonly domains: readonly ManagedDomain[];
};
