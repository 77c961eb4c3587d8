import { type Clock, type Log, type Random } from "@crossguardian/kernel";
import { type Message, type MessageName, type SecurityOrder } from "@crossguardian/wire";
import { type EventCounts } from "./count-events.ts";
import { type Evidence } from "./duties.ts";
import { type OrderDesk } from "./access/order-desk.ts";
import { type OwnKey } from "./access/own-key.ts";
import { type Allocation, type ManagedDomain, type ToLauncher } from "./house.ts";
import { freshInstance, NO_STALL, type Progress } from "./judge-progress.ts";
import { type ProcessLook, type Pulse } from "./judge-pulse.ts";
import { type LoanRecord } from "./resources/lend-cpu.ts";
import { type Hold, NO_HOLD, type ResponseRecord } from "./response/step.ts";

/** The messages management sends and takes, by port. */
export type OverseerChannel = {
  readonly send: <N extends MessageName>(port: number, name: N, message: Message<N>) => boolean;
  readonly on: <N extends MessageName>(name: N, handler: (port: number, message: Message<N>) => void) => void;
};

/** What management works with. */
export type OverseerPowers = {
  readonly clock: Clock;
  readonly channel: OverseerChannel;
  readonly tellLauncher: (line: ToLauncher) => void;
  /** Management's own log. */
  readonly log: Log;
  /** Keeps a log line of a domain. */
  readonly keepLine: (domain: string, line: Message<"logLine">) => void;
  /** What the kernel says of a process of the host; null when it does not. */
  readonly lookAt: (pid: number) => ProcessLook | null;
  /** Keeps a record of what was done about a domain. */
  readonly keepResponse: (record: ResponseRecord) => void;
  /** Whether the policy lets management take this step by itself. */
  readonly permits: (step: string, domain: string) => boolean;
  /** What the signed security profiles ask of a domain. */
  readonly security: (domain: ManagedDomain) => SecurityOrder;
  /** Keeps a record of what was lent. */
  readonly keepLoan: (record: LoanRecord) => void;
  readonly random: Random;
  /** Takes operators' orders; without it none is taken. */
  readonly orders?: OrderDesk;
  /** Rotates management's own key; without it that is not done. */
  readonly own?: OwnKey;
};

/** What management knows about one domain. */
export type Watched = {
  readonly domain: ManagedDomain;
  phase: "absent" | "waiting" | "admitted" | "refused";
  /** Instance that runs, as the launcher says; null when none does. */
  epoch: bigint | null;
  /** The hello of a later instance, which was faster than the launcher's word about its start. */
  heldHello: Message<"hello"> | null;
  selfTest: Message<"hello"> | null;
  pulse: Pulse;
  gauges: Message<"heartbeat">["gauges"];
  progress: Progress;
  /** What the last look found that it owes. */
  evidence: readonly Evidence[];
  /** What it does not do although it could, at the last look. */
  stall: (Evidence & { readonly givenUp: boolean }) | null;
  /** Host process of the instance; 0 when unknown. */
  pid: number;
  /** What the kernel said of the process when it was heard last. */
  look: ProcessLook | null;
  /** Since when it is in its role's place at the switch; null while it is not. */
  activeSinceMs: number | null;
  /** What is in force against this instance. */
  hold: Hold;
  /** What was changed about its allocation, and the quota it was lent by this management process. */
  allocation: Allocation;
  lentPercent: number | null;
  /** What the switch refused of its ports, by cause. */
  readonly refusals: EventCounts;
};

/** A domain that has not started yet. */
export const makeWatched = (domain: ManagedDomain): Watched => ({
  domain,
  phase: "absent",
  epoch: null,
  heldHello: null,
  selfTest: null,
  pulse: { heardMs: 0, reported: false },
  gauges: [],
  progress: NO_STALL,
  evidence: [],
  stall: null,
  pid: 0,
  look: null,
  activeSinceMs: null,
  hold: NO_HOLD,
  allocation: domain.allocation,
  lentPercent: null,
  refusals: new Map(),
});

/** Another instance of the domain began: its predecessor's pulse says nothing about it. */
export const beginInstance = (watched: Watched): void => {
  watched.gauges = [];
  watched.hold = NO_HOLD;
  watched.lentPercent = null;
  watched.activeSinceMs = null;
  watched.stall = null;
  watched.evidence = [];
  watched.progress = freshInstance(watched.progress);
};

/** Name and instance, as they stand in lines and logs. */
export const nameFacts = ({ domain, epoch }: Watched): { readonly name: string; readonly epoch: string } => ({
  name: domain.name,
  epoch: (epoch ?? 0n).toString(),
});

/** The domain was heard now. */
export const heard = (watched: Watched, { clock, lookAt }: Pick<OverseerPowers, "clock" | "lookAt">): void => {
  watched.pulse = { heardMs: clock.monotonicMs(), reported: false };
  watched.look = watched.activeSinceMs === null || watched.pid === 0 ? null : lookAt(watched.pid);
};

/** Name of the role a domain does or stands by for. */
export const roleOf = ({ domain }: Pick<Watched, "domain">): string => domain.standbyOf ?? domain.name;

/** The admitted domain that would take a domain's place, or null. */
export const standbyFor = (watched: Watched, all: Iterable<Watched>): Watched | null => {
  for (const other of all) {
    if (other !== watched && roleOf(other) === roleOf(watched) && other.phase === "admitted" && !other.hold.isQuarantined && !other.hold.isFrozen) return other;
  }
  return null;
};
