import { percentile } from "@crossguardian/world";

import { type Victim } from "./roster.ts";
import { type ChainWatch } from "./watch/chain-watch.ts";

/** How long kills of one kind held their flow up. */
export type RecoveryFigures = { readonly p50Ms: number; readonly p95Ms: number; readonly maxMs: number; readonly samples: number };

/** Whether a pair of chains uses what was hit: `chains` null concerns all. */
export const concerns = (chains: readonly string[] | null, pair: { readonly from: string; readonly to: string }): boolean =>
  chains === null || chains.includes(pair.from) || chains.includes(pair.to);

/** Chains whose pairs a victim serves; null: all. */
export const chainsOfVictim = ({ chain }: Victim): readonly string[] | null => (chain === null ? null : [chain]);

const LOOK_MS = 20;

/** Time from a moment to the next commit of a pair it concerns, in ms; null when none comes in time. */
export const awaitCommit = async (
  watch: Pick<ChainWatch, "commitsSince">,
  pairOf: (key: string) => { readonly from: string; readonly to: string },
  chains: readonly string[] | null,
  sinceMs: number,
  deadlineMs: number,
): Promise<number | null> => {
  while (performance.now() - sinceMs < deadlineMs) {
    const commit = watch.commitsSince(sinceMs).find(({ key }) => concerns(chains, pairOf(key)));
    if (commit !== undefined) return commit.atMs - sinceMs;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return null;
};

/** Longest time without a commit between two moments, in ms. Ends of the window count. */
export const longestPause = (commitsMs: readonly number[], fromMs: number, toMs: number): number => {
  let last = fromMs;
  let longest = 0;
  for (const at of [...commitsMs.filter((each) => each >= fromMs && each <= toMs), toMs]) {
    longest = Math.max(longest, at - last);
    last = at;
  }
  return longest;
};

/** Figures of some times in ms. */
export const figuresOf = (times: readonly number[]): RecoveryFigures => {
  const ascending = times.toSorted((left, right) => left - right);
  return {
    p50Ms: Math.round(percentile(ascending, 50)), p95Ms: Math.round(percentile(ascending, 95)),
    maxMs: Math.round(ascending.at(-1) ?? 0), samples: ascending.length,
  };
};
