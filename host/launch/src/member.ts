import { type HostGroup, type Isolation, type KernelFacts, type RunningDomain } from "@crossguardian/isolation";
import { type DomainEntry, type HouseSpec, isHostProcess, isolationOf } from "./house-spec.ts";
import { type Keeper } from "./keep-running.ts";
import { type HeldStep } from "./management-lines.ts";

/** A domain of the house while the house runs. */
export type Member = {
  readonly entry: DomainEntry;
  readonly keeper: Keeper;
  /** Instance epoch of the latest start. */
  epoch: bigint;
  /** SHA-256 over configuration and image, of a jailed domain. */
  digest: string | null;
  /** The present run of a jailed domain. */
  running: RunningDomain | null;
  /** Control groups of the present run of a process of the host. */
  group: HostGroup | null;
  /** Steps that are in force against the present run. */
  held: ReadonlySet<HeldStep>;
  /** The next start puts a rotated key in its place: the first one, and one an operator asked for. */
  activatesKey: boolean;
};

/** State of a domain as the control socket shows it. */
export type DomainState = {
  readonly name: string;
  readonly kind: string;
  readonly chain: string | null;
  /** Domain in whose place it is put when that one fails. */
  readonly standbyOf: string | null;
  /** Steps of the response ladder that are in force against it. */
  readonly held: readonly string[];
  readonly role: string;
  readonly port: number;
  readonly image: string;
  readonly driver: Isolation | "host";
  readonly pid: number | null;
  readonly state: string;
  readonly admitted: boolean;
  /** Traffic of its role goes to it. */
  readonly active: boolean;
  readonly epoch: string;
  readonly restarts: number;
  readonly startedAtMs: number | null;
  /** Ends within the window in which the restart policy counts them. */
  readonly recentEnds: number;
  /** Wall time of the next start while it waits for one. */
  readonly startsAtMs: number | null;
  readonly digest: string | null;
  /** What the kernel says about the process, not what the domain says. */
  readonly facts: KernelFacts | null;
};

/** Shows a domain. */
export const memberState = (
  member: Member,
  spec: HouseSpec,
  more: { readonly isAdmitted: boolean; readonly isActive: boolean; readonly facts: (pid: number) => KernelFacts | null },
): DomainState => {
  const { entry, keeper, epoch, digest, held } = member;
  const { pid, state, restarts, startedAtMs, recentEnds, startsAtMs } = keeper.state();
  return {
    name: entry.name,
    kind: entry.kind,
    chain: entry.chain,
    standbyOf: entry.standbyOf,
    held: [...held],
    role: entry.role,
    port: entry.port,
    image: entry.image,
    driver: isHostProcess(entry) ? "host" : isolationOf(spec, entry),
    pid,
    state,
    restarts,
    startedAtMs,
    recentEnds,
    startsAtMs,
    admitted: entry.kind === "management" ? state === "running" : more.isAdmitted,
    active: more.isActive && state === "running",
    epoch: epoch.toString(),
    digest,
    facts: pid === null ? null : more.facts(pid),
  };
};
