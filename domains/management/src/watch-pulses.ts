import { freshInstance } from "./judge-progress.ts";
import { judgePulse, judgeSilence, MISSED_AFTER_MS, SILENT_SHARE, STALL_MS, STOPPED_AFTER_MS, WATCH_MS } from "./judge-pulse.ts";
import { type Responder } from "./response/responder.ts";
import { lookAtProgress } from "./watch-progress.ts";
import { heard, nameFacts, type OverseerPowers, standbyFor, type Watched } from "./watched.ts";

/** Time between two looks at what domains owe, in ms. */
export const PROGRESS_LOOK_MS = 250;

/** A silent domain that has a standby is replaced as soon as the kernel's word about its process says that the silence is its own. */
const replaceSilent = (watched: Watched, all: readonly Watched[], responder: Responder, { lookAt }: OverseerPowers, silentMs: number): void => {
  if (silentMs < STOPPED_AFTER_MS || watched.activeSinceMs === null || standbyFor(watched, all) === null) return;
  const now = watched.pid === 0 ? null : lookAt(watched.pid);
  const gray = judgeSilence(silentMs, watched.look, now);
  if (gray === null) return;
  responder.respond(watched.domain.name, "promote", { by: "pulse", says: gray, isCertain: gray === "stopped", facts: { silentMs: Math.round(silentMs), state: now?.state ?? "unknown" } });
};

/** Looks at every admitted domain's heartbeat and progress, for as long as the process lives. */
export const watchPulses = (all: readonly Watched[], responder: Responder, powers: OverseerPowers): void => {
  const { clock, log, tellLauncher } = powers;
  let progressMs = -Infinity;
  const look = (lastMs: number): void => {
    const nowMs = clock.monotonicMs();
    const stoodStill = nowMs - lastMs > WATCH_MS + STALL_MS;
    const admitted = all.filter(({ phase }) => phase === "admitted");
    const silent = admitted.filter(({ pulse }) => nowMs - pulse.heardMs >= STOPPED_AFTER_MS).length;
    const isMachine = silent > 1 && silent > admitted.length * SILENT_SHARE;
    for (const watched of admitted) {
      if (watched.hold.isFrozen) continue;
      if (stoodStill) {
        heard(watched, powers);
        watched.progress = freshInstance(watched.progress);
      }
      const silentMs = nowMs - watched.pulse.heardMs;
      const verdict = judgePulse(watched.pulse, nowMs);
      const facts = { ...nameFacts(watched), silentMs: Math.round(silentMs) };
      if (!isMachine) replaceSilent(watched, all, responder, powers, silentMs);
      if (verdict === "missed" && silentMs >= MISSED_AFTER_MS) {
        watched.pulse = { ...watched.pulse, reported: true };
        log.warn("heartbeat.missed", facts);
      } else if (verdict === "silent") {
        heard(watched, powers);
        log.alarm("heartbeat.silent", facts);
        tellLauncher({ type: "restart", ...nameFacts(watched), why: "silent" });
      }
    }
    if (!stoodStill && nowMs - progressMs >= PROGRESS_LOOK_MS) {
      progressMs = nowMs;
      lookAtProgress(all, responder, powers, nowMs);
    }
    clock.after(WATCH_MS, () => look(nowMs));
  };
  look(clock.monotonicMs());
};
