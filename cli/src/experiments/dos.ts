import { type DosResult, measureDos } from "@crossguardian/bench";
import { type Command } from "commander";

import { type Context, examples } from "../context.ts";
import { type AttackOptions, drawTable, ms, optionsOf, spreadOf, withAttack } from "./attack-options.ts";

const TIMES = ["detectMs", "isolateMs", "failoverMs", "restoreMs", "latencyRatioOtherFlows"] as const;
const MOST_DETECT_MS = 500;
const MOST_ISOLATE_MS = 10;
const LEAST_SHARE = 0.98;
const MOST_LATENCY_RATIO = 1.1;

/** What a run misses of the bars of the issue. */
export const missedByDos = (result: DosResult): readonly string[] => [
  ...(result.lost + result.duplicated > 0 ? ["lost or duplicated"] : []),
  ...(result.detectMs === null || result.detectMs > MOST_DETECT_MS ? ["detectMs"] : []),
  ...(result.isolateMs === null || result.isolateMs > MOST_ISOLATE_MS ? ["isolateMs"] : []),
  ...(result.tpsDuring < LEAST_SHARE * result.offeredDuring ? ["tpsDuring"] : []),
  ...(result.latencyRatioOtherFlows > MOST_LATENCY_RATIO ? ["latencyRatioOtherFlows"] : []),
  ...(result.framesAfterIsolation > 0 ? ["framesAfterIsolation"] : []),
];

const draw = (result: DosResult): string =>
  drawTable("experiment 1: the appchain domain is flooded", [
    ["other pairs, settled per second, before", String(result.tpsBefore), "320", ""],
    ["other pairs, during (offered)", `${result.tpsDuring} (${result.offeredDuring})`, "295 (-8 %)", "98 % of what is offered"],
    ["other pairs, after", String(result.tpsAfter), "", ""],
    ["other pairs, p50 before", ms(result.p50Ms.before), "190 ms", ""],
    ["other pairs, p50 during", `${ms(result.p50Ms.during)} (x${result.latencyRatioOtherFlows})`, "220 ms (x1.15)", "x1.1"],
    ["attacked pair, settled per second, before / during / after", `${result.attackedTps.before} / ${result.attackedTps.during} / ${result.attackedTps.after}`, "outage", ""],
    ["flood of the network side: first step", result.networkSide === null ? "none" : `${result.networkSide.step} after ${result.networkSide.afterMs} ms`, "", ""],
    ["flood of the channel: detected after", `${ms(result.detectMs)} (${result.rule})`, "", "500 ms"],
    ["isolated, after the decision", ms(result.isolateMs), "", "10 ms"],
    ["replacement's first frame, after the decision", ms(result.failoverMs), "", ""],
    ["attacked pair served again, after the flood began", ms(result.restoreMs), "within 5 min", ""],
    ["frames of the isolated instance that passed", String(result.framesAfterIsolation), "", "0"],
    ["transfers lost / duplicated", `${result.lost} / ${result.duplicated}`, "", "0 / 0"],
  ]);

/** `experiment dos` */
export const registerDos = (experiment: Command, context: Context): void => {
  withAttack(experiment.command("dos"))
    .description("the paper's first security experiment: the appchain domain's network side and its channel are flooded, from network namespaces of their own")
    .addHelpText("after", examples(["experiment dos", "experiment dos --rate 120 --json --out /tmp/figures", "experiment dos --repeat 20 --json"]))
    .action(async (options: AttackOptions) => {
      context.needRoot("oci");
      const results: DosResult[] = [];
      for (let at = 0; at < options.repeat; at += 1) results.push(await measureDos(optionsOf(context, options), options.out ?? null, at === 0 ? "dos" : `dos-${at + 1}`));
      const [first] = results;
      if (first === undefined) return;
      const spread = options.repeat === 1 ? {} : { runs: results.length, spread: Object.fromEntries(TIMES.map((time) => [time, spreadOf(results.map((result) => result[time]))])) };
      const missed = [...new Set(results.flatMap(missedByDos))];
      const all = { ...first, lost: results.reduce((sum, each) => sum + each.lost, 0), duplicated: results.reduce((sum, each) => sum + each.duplicated, 0), missed, ...spread };
      context.print(options.json, all, () => `${results.map(draw).join("\n\n")}${options.repeat === 1 ? "" : `\n\n${JSON.stringify(spread)}`}\nbars missed: ${missed.join(", ") || "none"}`);
      if (missed.length > 0) context.setExitCode(1);
    });
};
