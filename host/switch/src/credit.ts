import { bounds, encodeMessage, frameBytes, MESSAGES } from "@crossguardian/wire";
import { type Port, type QueuedFrame } from "./port.ts";
import { pushFrame } from "./switch-state.ts";

/** Credit is given back in steps of so many bytes. */
export const CREDIT_STEP_BYTES = bounds.FLOW_WINDOW_BYTES / 8;
/** More than this waiting for a port that sends but does not read: its credit waits until it reads. */
export const CREDIT_QUEUE_BYTES = 8 * 1024 * 1024;

/** So many bytes of `source` for `destination` are off the switch: written, refused or dropped. */
export const giveCredit = (source: Port, destination: number, bytes: number): void => {
  if (source.isGone || destination === bounds.SWITCH_PORT) return;
  const due = (source.dueBytes[destination] ?? 0) + bytes;
  source.dueBytes[destination] = due;
  if (due < CREDIT_STEP_BYTES) return;
  if (source.queue.queuedBytes() > CREDIT_QUEUE_BYTES) {
    source.hasLateCredit = true;
    return;
  }
  source.dueBytes[destination] = 0;
  const credit = encodeMessage(MESSAGES.credit.codec, { stream: destination, bytes: due });
  pushFrame(source, MESSAGES.credit.number, bounds.SWITCH_PORT, credit, null);
};

/** Frames were written to `port`: counts them and gives their sources credit. */
export const afterWrite = (port: Port, frames: readonly QueuedFrame[]): void => {
  for (const { source, to, payloadBytes } of frames) {
    const bytes = frameBytes(payloadBytes);
    port.counts.framesOut += 1;
    port.counts.bytesOut += bytes;
    if (source === null || port.isGone) continue;
    source.waitingBytes[to] = Math.max(0, (source.waitingBytes[to] ?? 0) - bytes);
    giveCredit(source, to, bytes);
  }
  if (!port.hasLateCredit || port.queue.queuedBytes() > CREDIT_QUEUE_BYTES) return;
  port.hasLateCredit = false;
  for (const destination of port.dueBytes.keys()) giveCredit(port, destination, 0);
};
