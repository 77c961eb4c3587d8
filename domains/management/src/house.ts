import { type Failure } from "@crossguardian/kernel";
import { type Step } from "./response/step.ts";

/** An allocation as the launcher tells it (host/launch, allocation.ts); what is left out is as the domain was set up. */
export type Allocation = { readonly cpuPercent?: number | null; readonly cpuMostPercent?: number | null; readonly [resource: string]: number | string | null | undefined };

/** A domain of the house as the launcher describes it. */
export type ManagedDomain = {
  readonly name: string;
  readonly kind: string;
  readonly chain: string | null;
  readonly port: number;
  /** Domain in whose place it is put when that one fails; null: it is nobody's standby. */
  readonly standbyOf: string | null;
  readonly role: string;
  readonly network: "none" | "host";
  /** Runs in a jail, so its self-test must show one. */
  readonly jailed: boolean;
  /** Driver of the jail: `oci`, `gvisor` or `none`. */
  readonly isolation: string;
  /** Encoded configuration, handed on with the start order. */
  readonly config: Uint8Array;
  /** Its quota as it was set up, in percent of one core; null: none. */
  readonly cpuQuotaPercent: number | null;
  /** Days its root key is used at most, as the launcher was told; null: nothing was said. */
  readonly keyLifetimeDays: number | null;
  /** What was changed about its allocation when this management process began. */
  readonly allocation: Allocation;
};

/** The house as the launcher describes it. */
export type ManagedHouse = {
  readonly house: string;
  /** Name of the house among all. */
  readonly instance: string;
  readonly production: boolean;
  /** The access document the house was set up with; null: nobody gives orders. */
  readonly access: string | null;
  /** The signed security profiles as text; null: none. */
  readonly profiles: string | null;
  /** The audit log's checkpoint that the launcher kept; null: none. */
  readonly checkpoint: string | null;
  /** Whether steps are taken against what is detected, or it is only said. */
  readonly detection: "act" | "report";
  /** Folder for the logs of all domains. */
  readonly logs: string;
  /** Nothing but IBTP passes the switch at the moment. */
  readonly whitelisting: boolean;
  readonly domains: readonly ManagedDomain[];
};

/** What the launcher says, one JSON object per line (host/launch, management-lines.ts). */
export type FromLauncher =
  | {
      readonly type: "started";
      readonly name: string;
      readonly epoch: bigint;
      /** Process on the host; 0 when unknown. */
      readonly pid: number;
      /** False: it ran before this management process did. */
      readonly fresh: boolean;
      /** It was admitted by the management process before this one. */
      readonly admitted: boolean;
      /** Steps that are in force against it, by the management process before this one. */
      readonly held: readonly string[];
    }
  | { readonly type: "ended"; readonly name: string; readonly epoch: bigint }
  /** A step took effect on the launcher's side, or did not. */
  | { readonly type: "held"; readonly name: string; readonly epoch: bigint; readonly step: Step; readonly done: boolean }
  | { readonly type: "sample"; readonly atMs: number; readonly domains: readonly KernelCounters[] }
  | { readonly type: "keyed"; readonly name: string; readonly epoch: bigint; readonly keyEpoch: bigint | null }
  | { readonly type: "allocated"; readonly name: string; readonly epoch: bigint; readonly allocation: Allocation | null; readonly failure: Failure | null }
  | { readonly type: "whitelisted"; readonly on: boolean }
  | { readonly type: "ask"; readonly id: number; readonly domain: string; readonly command: string; readonly argument: string };

/** The kernel's counters of one process or jail of the house, as the launcher reads them; times in microseconds. */
export type KernelCounters = {
  readonly name: string;
  readonly epoch: string;
  readonly cpuUsec: number;
  readonly memoryBytes: number;
  readonly oomKills: number;
  readonly pids: number;
  readonly throttled: number;
  readonly psiCpuUsec: number;
  readonly psiMemoryUsec: number;
  readonly psiIoUsec: number;
};

/** What management says to the launcher; `epoch` as decimal text. `hold`: a step of the response ladder; cpu in percent of one core. */
export type ToLauncher =
  | { readonly type: "ready" }
  | { readonly type: "admitted"; readonly name: string; readonly epoch: string }
  | { readonly type: "hold"; readonly name: string; readonly epoch: string; readonly step: Step; readonly cpuPercent: number | null }
  | { readonly type: "refused" | "restart" | "renew"; readonly name: string; readonly epoch: string; readonly why: string }
  | { readonly type: "key"; readonly name: string; readonly epoch: string; readonly key: string }
  /** A change of an allocation; `lends`: of the cpu quota alone, not kept. */
  | { readonly type: "allocate"; readonly name: string; readonly epoch: string; readonly change: unknown; readonly lends: boolean }
  | { readonly type: "whitelist"; readonly on: boolean }
  | { readonly type: "checkpoint"; readonly note: string }
  | { readonly type: "answer"; readonly id: number; readonly ok: boolean; readonly answer: string };
