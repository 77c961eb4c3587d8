import { randomInt } from "node:crypto";

import { type Crowd, type CrowdResult, runCrowds } from "@crossguardian/bench";
import { type Command } from "commander";

import { type Context, count, examples } from "../context.ts";
import { drawTable, type LoadOptions, ms, optionsOf, withLoad } from "./attack-options.ts";

const TIMES_THE_LOAD = 10;
const QUEUE_BOUND_BYTES = 64 * 1024 * 1024;
const MAX_MINUTES = 24 * 60;
const MAX_SEED = 2 ** 31;
const MS_PER_MINUTE = 60_000;
const LONGEST_BURST_MS = 15_000;
const LONGEST_REST_MS = 20_000;

/** What a run misses of the bars of the issue. */
export const missedByCrowd = (result: CrowdResult): readonly string[] => [
  ...(result.lost + result.duplicated > 0 ? ["lost or duplicated"] : []),
  ...(result.isolations > 0 ? ["isolations"] : []),
  ...(result.failovers > 0 ? ["failovers"] : []),
  ...(result.mostQueuedBytes > QUEUE_BOUND_BYTES ? ["mostQueuedBytes"] : []),
];

const draw = (title: string, result: CrowdResult): string =>
  drawTable(title, [
    ["settled per second, before / crowd / after", `${result.tps.before} / ${result.tps.crowd} / ${result.tps.after}`, "", ""],
    ["p50, before / crowd / after", `${ms(result.p50Ms.before)} / ${ms(result.p50Ms.crowd)} / ${ms(result.p50Ms.after)}`, "", ""],
    ["steps of detectors / isolations / failovers", `${result.alarms} / ${result.isolations} / ${result.failovers}`, "", "0 / 0 / 0"],
    ["most bytes waiting in the switch for one domain", String(result.mostQueuedBytes), "", String(QUEUE_BOUND_BYTES)],
    ["most transfers open", String(result.mostOpen), "", ""],
    ["settled in all; lost / duplicated", `${result.settled}; ${result.lost} / ${result.duplicated}`, "", "0 / 0"],
  ]);

const finish = ({ print, setExitCode }: Context, title: string, json: boolean, result: CrowdResult, missed: readonly string[]): void => {
  print(json, { ...result, missed }, () => `${draw(title, result)}\nbars missed: ${missed.join(", ") || "none"}`);
  if (missed.length > 0) setExitCode(1);
};

/** `experiment flash-crowd` */
export const registerFlashCrowd = (experiment: Command, context: Context): void => {
  withLoad(experiment.command("flash-crowd"), 20, 10)
    .description("ten times the load of true transfers for a while: nobody may be isolated or replaced, nothing may be lost, queues stay bounded")
    .option("--crowd <s>", "length of the crowd in seconds", count(1, 3_600), 30)
    .addHelpText("after", examples(["experiment flash-crowd", "experiment flash-crowd --rate 30 --crowd 30 --json"]))
    .action(async (options: LoadOptions & { readonly crowd: number }) => {
      context.needRoot("oci");
      const { result } = await runCrowds(optionsOf(context, options), [{ afterMs: 0, forMs: options.crowd * 1_000, times: TIMES_THE_LOAD }]);
      finish(context, `${TIMES_THE_LOAD} times the load for ${options.crowd} s`, options.json, result, missedByCrowd(result));
    });
};

/** Numbers from 0 up to 1 that follow from a seed. */
const makeDice = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Bursts of random length and height that fill a time; they follow from the seed. */
export const burstsOf = (seed: number, forMs: number): readonly Crowd[] => {
  const dice = makeDice(seed);
  const crowds: Crowd[] = [];
  for (let left = forMs; left > 0; ) {
    const crowd = { afterMs: Math.round(1_000 + dice() * LONGEST_REST_MS), forMs: Math.round(500 + dice() * LONGEST_BURST_MS), times: Math.round((1 + dice() * (TIMES_THE_LOAD - 1)) * 10) / 10 };
    crowds.push(crowd);
    left -= crowd.afterMs + crowd.forMs;
  }
  return crowds;
};

/** `experiment soak` */
export const registerSoak = (experiment: Command, context: Context): void => {
  withLoad(experiment.command("soak"), 5, 5)
    .description("benign bursts for a long time; every step a detector takes is a false alarm")
    .option("--minutes <m>", "how long", count(1, MAX_MINUTES), 30)
    .option("--seed <s>", "the bursts follow from it; any when it is left out", count(0, MAX_SEED))
    .addHelpText("after", examples(["experiment soak", "experiment soak --minutes 2 --seed 7 --json"]))
    .action(async (options: LoadOptions & { readonly minutes: number; readonly seed?: number }) => {
      context.needRoot("oci");
      const seed = options.seed ?? randomInt(MAX_SEED);
      context.say(`seed ${seed}`);
      const { result } = await runCrowds(optionsOf(context, options), burstsOf(seed, options.minutes * MS_PER_MINUTE));
      finish(context, `benign bursts for ${options.minutes} min, seed ${seed}`, options.json, result, [...missedByCrowd(result), ...(result.alarms > 0 ? ["alarms"] : [])]);
    });
};
