import { PROCESS_KINDS, type ProcessKind, type Victim } from "../roster.ts";
import { makeRandom } from "./random.ts";
import { type Step } from "./step.ts";

/** Kinds that are killed one at a time. A launcher takes its whole house with it: that is no recovery of one process. */
export const SINGLE_KINDS: readonly ProcessKind[] = PROCESS_KINDS.filter((kind) => kind !== "launcher");

/** Long enough to see the same pairs without a kill. */
const GAP_MS = [1_600, 2_000] as const;

/** `each` kills of every one of these kinds that is there, a process of another kind each time. The same seed and wishes give the same list. */
export const makeRounds = (seed: number, { each, kinds, roster }: { readonly each: number; readonly kinds: readonly ProcessKind[]; readonly roster: readonly Victim[] }): readonly Step[] => {
  const random = makeRandom(seed);
  const groups = kinds.map((kind) => roster.filter((victim) => victim.kind === kind)).filter((group) => group.length > 0);
  return Array.from({ length: each }, () =>
    random.shuffled(groups).map((group): Step => ({ kind: "kill", gapMs: random.between(...GAP_MS), victims: [random.pick(group)], againMs: null })),
  ).flat();
};
