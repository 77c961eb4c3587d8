import { CodedError } from "@crossguardian/kernel";
import { type House, type ReportedDomain, type StandbyKind, standbyName } from "@crossguardian/world";

import { awaitCommit } from "../recovery.ts";
import { signalProcess } from "../field.ts";
import { type ChainWatch } from "../watch/chain-watch.ts";
import { watchHouseEvents } from "./house-events.ts";

/** A role whose active domain is struck. `chains` null: all pairs use it. */
export type Target = { readonly kind: StandbyKind; readonly house: House; readonly role: string; readonly chains: readonly string[] | null };

/** How a domain fails: killed, or stopped where it is and still there. */
export type Failing = "crash" | "gray";

/** What one strike showed; times in ms from the signal. */
export type Strike = {
  readonly kind: StandbyKind;
  readonly failing: Failing;
  readonly role: string;
  /** The switch gave the role's work to the standby. */
  readonly takenOverMs: number;
  /** The first work of the standby passed the switch. */
  readonly servedMs: number;
  /** The next commit on a source chain of a pair that uses the role; null when none came in time. */
  readonly commitMs: number | null;
  /** A new standby was admitted. */
  readonly redundantMs: number;
};

const PAIR_DEADLINE_MS = 60_000;
const TAKEOVER_DEADLINE_MS = 30_000;
const COMMIT_DEADLINE_MS = 30_000;
const LOOK_MS = 25;
/** A standby that has just been admitted is not struck at: it would be measured while it still starts. */
const SETTLED_MS = 500;

type Two = { readonly active: ReportedDomain; readonly standby: ReportedDomain };

const twoOf = async ({ house, role }: Target): Promise<Two | null> => {
  const domains = (await house.domains().catch(() => [])).filter(({ name }) => name === role || name === standbyName(role));
  const [active, standby] = [domains.find((each) => each.active), domains.find((each) => each.active !== true)];
  const isThere = (each: ReportedDomain | undefined): each is ReportedDomain => each?.state === "running" && each.admitted === true && each.pid !== null;
  return isThere(active) && isThere(standby) ? { active, standby } : null;
};

/** Waits until a role has an active domain and an admitted standby. @throws chaos.standby.absent */
export const awaitTwo = async (target: Target, signal: AbortSignal): Promise<Two> => {
  const until = performance.now() + PAIR_DEADLINE_MS;
  for (;;) {
    signal.throwIfAborted();
    const two = await twoOf(target);
    if (two !== null) return two;
    if (performance.now() > until) throw new CodedError("chaos.standby.absent", { role: target.role, house: target.house.name, waitedMs: PAIR_DEADLINE_MS });
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};

const wallMs = (): number => performance.timeOrigin + performance.now();

/**
 * Strikes the active domain of a role and measures by the switch's own times. The replacement is the process that stood by before the strike.
 * @throws chaos.standby.absent, chaos.takeover.absent, chaos.takeover.other
 */
export const strike = async (target: Target, failing: Failing, watch: ChainWatch, pairOf: Parameters<typeof awaitCommit>[1], signal: AbortSignal): Promise<Strike> => {
  const { kind, house, role, chains } = target;
  const first = await awaitTwo(target, signal);
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  const { active, standby } = (await twoOf(target)) ?? first;
  const awaitEvent = watchHouseEvents(house.spec.runDir);
  const [struckMs, sinceMs] = [wallMs(), performance.now()];
  if (active.pid === null || !signalProcess(active.pid, failing === "crash" ? "SIGKILL" : "SIGSTOP")) throw new CodedError("chaos.standby.absent", { role, house: house.name });
  const since = (event: string) => awaitEvent((each) => each.event === event && each["role"] === role && Number(each["switchMs"]) >= struckMs - 1, TAKEOVER_DEADLINE_MS);
  const commit = awaitCommit(watch, pairOf, chains, sinceMs, COMMIT_DEADLINE_MS);
  const taken = await since("role.takenOver");
  const served = await since("role.served");
  if (taken === null || served === null) throw new CodedError("chaos.takeover.absent", { role, house: house.name, waitedMs: TAKEOVER_DEADLINE_MS, taken: taken !== null });
  const after = (await house.domains()).find(({ name }) => name === standby.name);
  if (taken["name"] !== standby.name || after?.pid !== standby.pid || (after.startedAtMs ?? Infinity) >= struckMs) {
    throw new CodedError("chaos.takeover.other", { role, house: house.name, by: String(taken["name"]), wanted: standby.name });
  }
  const commitMs = await commit;
  await awaitTwo(target, signal);
  return {
    kind, failing, role, commitMs,
    takenOverMs: Number(taken["switchMs"]) - struckMs,
    servedMs: Number(served["switchMs"]) - struckMs,
    redundantMs: performance.now() - sinceMs,
  };
};
