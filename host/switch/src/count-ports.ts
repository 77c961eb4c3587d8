import { bounds, encodeMessage, MESSAGES, type Message } from "@crossguardian/wire";
import { type Port } from "./port.ts";
import { pushFrame, tellManagement, type SwitchState } from "./switch-state.ts";

/** Time between two counts, in ms; the first violation of a port is told with the next one. */
export const COUNT_MS = 100;
/** Later violations are told to management at most this often per port and cause, in ms. */
export const REPORT_MS = 1_000;
/** A management process that does not read gets no more counters while so much waits for it, in bytes. */
export const MAX_UNREAD_BYTES = 1024 * 1024;

/** Tells management what a port did against the rules since it was told last. */
export const reportRefusals = (state: SwitchState, port: Port, nowMs: number): void => {
  for (const [code, count] of port.counts.refused) {
    const last = port.reported.get(code);
    if (last !== undefined && (last.count === count || nowMs - last.atMs < REPORT_MS)) continue;
    port.reported.set(code, { count, atMs: nowMs });
    tellManagement(state, port.facts, code, count);
  }
};

/** Age of the head of a port's queue, to the nearest count: frames are not stamped one by one. */
const oldestMs = (port: Port, nowMs: number): number => {
  const frame = port.queue.oldest();
  if (frame === null) port.oldest = null;
  else if (frame !== port.oldest?.frame) port.oldest = { frame, sinceMs: nowMs };
  return port.oldest === null ? 0 : Math.round(nowMs - port.oldest.sinceMs);
};

const countersOf = (port: Port, nowMs: number): Message<"portCounters">["ports"][number] => {
  const { framesIn, bytesIn, framesOut, bytesOut, pauses, refused } = port.counts;
  return {
    port: port.facts.number,
    framesIn: BigInt(framesIn),
    bytesIn: BigInt(bytesIn),
    framesOut: BigInt(framesOut),
    bytesOut: BigInt(bytesOut),
    queuedBytes: BigInt(port.queue.queuedBytes()),
    oldestMs: oldestMs(port, nowMs),
    pauses: BigInt(pauses),
    refused: BigInt([...refused.values()].reduce((sum, count) => sum + count, 0)),
  };
};

const flowsOf = ({ facts, passedFrames, passedBytes }: Port, all: readonly Port[]): Message<"portCounters">["flows"] => {
  const flows: { from: number; to: number; frames: bigint; bytes: bigint }[] = [];
  for (const { facts: peer } of all) {
    const frames = passedFrames[peer.number] ?? 0;
    if (frames > 0) flows.push({ from: facts.number, to: peer.number, frames: BigInt(frames), bytes: BigInt(passedBytes[peer.number] ?? 0) });
  }
  return flows;
};

/** Gives management the counters of every port, unless it does not read what it was given. */
export const tellCounters = (state: SwitchState, nowMs: number): void => {
  const management = state.ports.get(bounds.MANAGEMENT_PORT);
  if (management === undefined || management.queue.queuedBytes() > MAX_UNREAD_BYTES) return;
  const all = [...state.ports.values()];
  const counters = { ports: all.map((port) => countersOf(port, nowMs)), flows: all.flatMap((port) => flowsOf(port, all)).slice(0, bounds.MAX_FLOWS) };
  pushFrame(management, MESSAGES.portCounters.number, bounds.SWITCH_PORT, encodeMessage(MESSAGES.portCounters.codec, counters), null);
};
