import { evidenceAgainst, type Gauges, type Judged } from "./duties.ts";
import { judgeProgress, STALLED_AFTER_MS, STALLED_WITH_STANDBY_MS } from "./judge-progress.ts";
import { MISSED_AFTER_MS } from "./judge-pulse.ts";
import { type Responder } from "./response/responder.ts";
import { nameFacts, type OverseerPowers, roleOf, standbyFor, type Watched } from "./watched.ts";

const gaugesOf = ({ phase, pulse, gauges }: Watched, nowMs: number): Gauges | null =>
  phase === "admitted" && nowMs - pulse.heardMs < MISSED_AFTER_MS ? new Map(gauges.map(({ name, value }) => [name, Number(value)])) : null;

/** Names under which neighbours speak of domains are those of roles: a domain that waits in the second row is not spoken of. */
const isJudged = ({ domain, activeSinceMs }: Watched): boolean => domain.standbyOf === null || activeSinceMs !== null;

/**
 * One look at the work of every admitted domain. One that is alive and does not do it is replaced by its standby, or without one restarted, with a limit: where
 * the response is damped, the slower restart remains.
 */
export const lookAtProgress = (all: readonly Watched[], responder: Responder, { log, tellLauncher }: OverseerPowers, nowMs: number): void => {
  const judged = all.filter(isJudged);
  const house: readonly Judged[] = judged.map((watched) => ({ name: roleOf(watched), kind: watched.domain.kind, gauges: gaugesOf(watched, nowMs) }));
  for (const [at, watched] of judged.entries()) {
    const own = house[at];
    if (own === undefined || watched.phase !== "admitted" || watched.hold.isQuarantined) continue;
    const evidence = evidenceAgainst(own, house);
    const isReplaceable = watched.activeSinceMs !== null && standbyFor(watched, all) !== null;
    if (isReplaceable) {
      const { verdict } = judgeProgress(watched.progress, evidence, nowMs, STALLED_WITH_STANDBY_MS);
      const stalled = verdict.kind === "restart" || verdict.kind === "givenUp" ? verdict.evidence : null;
      if (stalled !== null && responder.respond(watched.domain.name, "promote", { by: "progress", says: `owes ${stalled.duty}`, facts: { owedMs: stalled.owedMs, neighbour: stalled.by } }).ok) continue;
    }
    const { progress, verdict } = judgeProgress(watched.progress, evidence, nowMs, STALLED_AFTER_MS);
    watched.progress = progress;
    watched.evidence = evidence;
    watched.stall = null;
    if (verdict.kind === "fine" || verdict.kind === "waits") continue;
    watched.stall = { ...verdict.evidence, givenUp: verdict.kind === "givenUp" };
    const { duty, by, owedMs } = verdict.evidence;
    const facts = { ...nameFacts(watched), duty, by, owedMs, restarts: progress.restartsMs.length };
    if (verdict.kind === "restart") {
      log.alarm("management.domain.stalled", facts);
      tellLauncher({ type: "restart", ...nameFacts(watched), why: `stalled: ${duty}` });
    } else if (verdict.isNew) log.alarm("management.domain.givenUp", { ...facts, againMs: Math.round(verdict.againMs) });
  }
};
