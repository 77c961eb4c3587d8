import { type AptResult, measureApt } from "@crossguardian/bench";
import { type Command } from "commander";

import { type Context, examples } from "../context.ts";
import { type AttackOptions, drawTable, ms, optionsOf, spreadOf, withAttack } from "./attack-options.ts";

const MIB = 1024 * 1024;
const TIMES = ["detectMs", "spreadDetectMs", "isolateMs", "failoverMs", "latencyRatioOtherFlows"] as const;
const LEAST_SHARE = 0.98;

/** What a run misses of the bars of the issue. */
export const missedByApt = (result: AptResult): readonly string[] => [
  ...(result.lost + result.duplicated > 0 ? ["lost or duplicated"] : []),
  ...(result.framesAfterIsolation === 0 ? [] : ["framesAfterIsolation"]),
  ...(result.tpsDuring < LEAST_SHARE * result.offeredDuring ? ["tpsDuring"] : []),
  ...(result.attempts === 0 || result.succeeded > 0 || result.otherRestarts > 0 ? ["succeeded"] : []),
];

const draw = (result: AptResult): string =>
  drawTable("experiment 2: a compromised module in domain 1", [
    ["domain 1, highest cpu, % of a core", String(result.peakCpuPercent), "75", ""],
    ["domain 1, most memory", `${Math.round(result.peakMemoryBytes / MIB)} MiB`, "+1.2 GB", "scaled to its limit"],
    ["domains 2 and 3: other pairs, settled per second, before", String(result.tpsBefore), "305", ""],
    ["other pairs, during (offered)", `${result.tpsDuring} (${result.offeredDuring})`, "305", "98 % of what is offered"],
    ["other pairs, p50 during", `${ms(result.p50Ms.during)} (x${result.latencyRatioOtherFlows})`, "130 ms (x1.09)", ""],
    ["module noticed after", `${ms(result.detectMs)} (${result.rule})`, "", "500 ms"],
    ["decided to isolate, after the first spreading frame", ms(result.spreadDetectMs), "", "500 ms"],
    ["isolated, after the decision", ms(result.isolateMs), "immediately", "10 ms"],
    ["replacement's first frame, after the decision", ms(result.failoverMs), "", ""],
    ["spreading attempts / succeeded", `${result.attempts} / ${result.succeeded}`, "none", "0"],
    ["frames that passed after isolation", String(result.framesAfterIsolation), "", "0"],
    ["transfers lost / duplicated", `${result.lost} / ${result.duplicated}`, "", "0 / 0"],
  ]);

/** `experiment apt` */
export const registerApt = (experiment: Command, context: Context): void => {
  withAttack(experiment.command("apt"))
    .description("the paper's second security experiment: a compromised module in domain 1 burns cpu, fills memory and tries to spread to domains 2 and 3")
    .addHelpText("after", examples(["experiment apt", "experiment apt --json --out /tmp/figures", "experiment apt --repeat 20 --json"]))
    .action(async (options: AttackOptions) => {
      context.needRoot("oci");
      const results: AptResult[] = [];
      for (let at = 0; at < options.repeat; at += 1) results.push(await measureApt(optionsOf(context, options), options.out ?? null, at === 0 ? "apt" : `apt-${at + 1}`));
      const [first] = results;
      if (first === undefined) return;
      const spread = options.repeat === 1 ? {} : { runs: results.length, spread: Object.fromEntries(TIMES.map((time) => [time, spreadOf(results.map((result) => result[time]))])) };
      const missed = [...new Set(results.flatMap(missedByApt))];
      const all = { ...first, lost: results.reduce((sum, each) => sum + each.lost, 0), duplicated: results.reduce((sum, each) => sum + each.duplicated, 0), missed, ...spread };
      context.print(options.json, all, () => `${results.map(draw).join("\n\n")}${options.repeat === 1 ? "" : `\n\n${JSON.stringify(spread)}`}\nbars missed: ${missed.join(", ") || "none"}`);
      if (missed.length > 0) context.setExitCode(1);
    });
};
