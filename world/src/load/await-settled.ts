import { CodedError } from "@crossguardian/kernel";

import { followWorld } from "../oracle/judge.ts";
import { type World } from "../open-world.ts";
import { type Sent } from "./send-load.ts";

/** Latencies of the transfers that were sent, from sending the request to seeing it settled, in ms. */
export type Timing = { readonly latenciesMs: readonly number[]; readonly elapsedMs: number };

const POLL_MS = 50;

/**
 * Waits until every request on the chains is settled and at least `expected` are.
 * Progress is told at most four times a second. @throws cli.demo.unfinished
 */
export const awaitSettled = async (
  world: World,
  sent: readonly Sent[],
  expected: number,
  deadlineMs: number,
  onProgress: (settled: number, requested: number) => void,
): Promise<Timing> => {
  const follower = followWorld(world);
  const started = performance.now();
  const until = started + deadlineMs;
  const seenAt = new Map<string, number>();
  for (;;) {
    await follower.poll();
    const now = Date.now();
    for (const key of follower.settled.keys()) if (!seenAt.has(key)) seenAt.set(key, now);
    onProgress(seenAt.size, follower.requests.size);
    if (seenAt.size >= expected && sent.length >= expected) break;
    if (performance.now() > until) {
      throw new CodedError("cli.demo.unfinished", { settled: seenAt.size, requested: follower.requests.size, expected });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const sentAt = new Map(sent.map((each) => [`${each.chain}-${each.transaction}`, each.sentAtMs]));
  const latenciesMs: number[] = [];
  for (const [key, request] of follower.requests) {
    const from = sentAt.get(`${request.chain}-${request.transaction}`);
    const to = seenAt.get(key);
    if (from !== undefined && to !== undefined) latenciesMs.push(to - from);
  }
  return { latenciesMs: latenciesMs.sort((left, right) => left - right), elapsedMs: performance.now() - started };
};

/** Waits until each of these transfers is settled, whatever else is. @throws cli.demo.unfinished */
export const awaitThese = async (world: World, sent: readonly Sent[], deadlineMs: number): Promise<void> => {
  const follower = followWorld(world);
  const until = performance.now() + deadlineMs;
  const wanted = new Set(sent.map(({ chain, transaction }) => `${chain}-${transaction}`));
  for (;;) {
    await follower.poll();
    const arrived = [...follower.requests].filter(([key, { chain, transaction }]) => wanted.has(`${chain}-${transaction}`) && follower.settled.has(key)).length;
    if (arrived === wanted.size) return;
    if (performance.now() > until) throw new CodedError("cli.demo.unfinished", { settled: arrived, requested: follower.requests.size, expected: wanted.size });
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};

/** The p-th percentile of ascending numbers; 0 for none. */
export const percentile = (ascending: readonly number[], p: number): number =>
  ascending[Math.min(ascending.length - 1, Math.floor((ascending.length * p) / 100))] ?? 0;
