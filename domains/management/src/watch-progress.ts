import { evidenceAgainst, type Gauges, type Judged } from "./duties.ts";
import { judgeProgress } from "./judge-progress.ts";
import { MISSED_AFTER_MS } from "./judge-pulse.ts";
import { nameFacts, type OverseerPowers, type Watched } from "./watched.ts";

const gaugesOf = ({ phase, pulse, gauges }: Watched, nowMs: number): Gauges | null =>
  phase === "admitted" && nowMs - pulse.heardMs < MISSED_AFTER_MS ? new Map(gauges.map(({ name, value }) => [name, Number(value)])) : null;

/** One look at the work of every admitted domain: those that are alive and do not do it are restarted, with a limit. */
export const lookAtProgress = (all: readonly Watched[], { log, tellLauncher }: OverseerPowers, nowMs: number): void => {
  const house: readonly Judged[] = all.map((watched) => ({ name: watched.domain.name, kind: watched.domain.kind, gauges: gaugesOf(watched, nowMs) }));
  for (const [at, watched] of all.entries()) {
    const judged = house[at];
    if (judged === undefined || watched.phase !== "admitted") continue;
    const evidence = evidenceAgainst(judged, house);
    const { progress, verdict } = judgeProgress(watched.progress, evidence, nowMs);
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
