import { freshInstance } from "./judge-progress.ts";
import { judgePulse, STALL_MS, WATCH_MS } from "./judge-pulse.ts";
import { lookAtProgress } from "./watch-progress.ts";
import { heard, nameFacts, type OverseerPowers, type Watched } from "./watched.ts";

/** Looks at every admitted domain's heartbeat and progress, for as long as the process lives. */
export const watchPulses = (all: readonly Watched[], powers: OverseerPowers): void => {
  const { clock, log, tellLauncher } = powers;
  const look = (lastMs: number): void => {
    const nowMs = clock.monotonicMs();
    const stoodStill = nowMs - lastMs > WATCH_MS + STALL_MS;
    for (const watched of all) {
      if (watched.phase !== "admitted") continue;
      if (stoodStill) {
        heard(watched, clock);
        watched.progress = freshInstance(watched.progress);
      }
      const verdict = judgePulse(watched.pulse, nowMs);
      const facts = { ...nameFacts(watched), silentMs: Math.round(nowMs - watched.pulse.heardMs) };
      if (verdict === "missed") {
        watched.pulse = { ...watched.pulse, reported: true };
        log.warn("heartbeat.missed", facts);
      } else if (verdict === "silent") {
        heard(watched, clock);
        log.alarm("heartbeat.silent", facts);
        tellLauncher({ type: "restart", ...nameFacts(watched), why: "silent" });
      }
    }
    if (!stoodStill) lookAtProgress(all, powers, nowMs);
    clock.after(WATCH_MS, () => look(nowMs));
  };
  look(clock.monotonicMs());
};
