import { randomBytes } from "node:crypto";

import { runWithWithout, SWITCHED, type Switched, type VariantFigures, type WithWithoutResult } from "@crossguardian/bench";
import { type Command, Option } from "commander";

import { type Context, count, examples, JSON_OPTION } from "../context.ts";

const PERCENT = 100;
const MAX_ROUNDS = 100;
const MAX_SECONDS = 600;
const MAX_OPEN = 10_000;
const MAX_URGENT_OF = 1_000;
const MAX_REPLICAS = 8;
const MAX_CPU_PERCENT = 6_400;
const MAX_LOSS_PERCENT = 99;
const MAX_RATE = 1_000;

type Options = { readonly what: Switched; readonly replicas: number; readonly cpu?: number; readonly loss: number; readonly rate: number; readonly rounds: number; readonly seconds: number; readonly open: number; readonly urgent: number; readonly json: boolean };

const drawVariant = (name: string, { perSecond, p50Ms, p99Ms, cpuMsPerTransfer, taken, urgent, contention }: VariantFigures): string => {
  if (contention !== null) {
    const { triesPerEntry, undone, otherP50Ms, otherP99Ms } = contention;
    return `  ${name.padEnd(8)} ${triesPerEntry} tries per entry, ${(undone * PERCENT).toFixed(0)} % of submissions undone; p50 ${contention.p50Ms} ms, p99 ${contention.p99Ms} ms, of the neighbour ${otherP50Ms} and ${otherP99Ms} ms`;
  }
  if (urgent !== null) return `  ${name.padEnd(8)} urgent: p50 ${urgent.p50Ms} ms, p99 ${urgent.p99Ms} ms (${urgent.samples}); all others: p50 ${p50Ms} ms, p99 ${p99Ms} ms; ${perSecond.join(", ")} per s`;
  const cpu = ["plugin", "module", "interaction"].map((group) => `${group} ${cpuMsPerTransfer[group] ?? 0}`).join(", ");
  const shares = Object.entries(taken).map(([domain, entries]) => `${domain} ${entries}`).join(", ");
  return `  ${name.padEnd(8)} ${perSecond.join(", ")} per s; p50 ${p50Ms} ms, p99 ${p99Ms} ms; cpu ms per transfer: ${cpu}; entries put into chains: ${shares}`;
};

const draw = (result: WithWithoutResult): string =>
  [
    `${result.what}: ${result.ratio.median.toFixed(2)} times the throughput (${result.ratio.low.toFixed(2)} to ${result.ratio.high.toFixed(2)})${result.cpuPercent === null ? "" : `, ${result.what === "priorities" ? "each validator" : "each plugin and replica"} bound to ${result.cpuPercent} % of a core`}`,
    drawVariant("with", result.with),
    drawVariant("without", result.without),
    `  lost ${result.with.lost + result.without.lost}, duplicated ${result.with.duplicated + result.without.duplicated}`,
  ].join("\n");

/** `experiment with-without` */
export const registerWithWithout = (experiment: Command, { places, needRoot, stopSignal, print, setExitCode }: Context): void => {
  experiment
    .command("with-without")
    .description("the same load on two gateways in turns, one with and one without something that can be switched off: throughput, latency, cpu per transfer")
    .addOption(new Option("--what <name>", "what is switched").choices(SWITCHED).default("replicas"))
    .option("--replicas <n>", "domains that share each plugin's service pairs, the plugin among them", count(2, MAX_REPLICAS), 2)
    .option("--cpu <percent>", "quota of each plugin and replica, with priorities of each validator, of one core; none when it is left out", count(1, MAX_CPU_PERCENT))
    .option("--loss <percent>", "with tightening: chance of each contended entry to lose against other users of a ledger, which undoes the submission it is in", count(0, MAX_LOSS_PERCENT), 5)
    .option("--rate <n>", "with tightening: contended transfers per second", count(1, MAX_RATE), 40)
    .option("--rounds <n>", "slices of each", count(1, MAX_ROUNDS), 4)
    .option("--seconds <s>", "sending in a slice; it ends when all of it is settled", count(2, MAX_SECONDS), 5)
    .option("--open <n>", "with replicas and priorities: transfers kept open", count(1, MAX_OPEN), 400)
    .option("--urgent <n>", "with priorities: one request of so many is urgent, all others are bulk", count(2, MAX_URGENT_OF), 50)
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["experiment with-without --what replicas --cpu 5", "experiment with-without --what tightening --json", "experiment with-without --what priorities --open 3000 --cpu 5"]))
    .action(async ({ what, replicas, cpu, loss, rate, rounds, seconds, open, urgent, json }: Options) => {
      needRoot("oci");
      const result = await runWithWithout({
        what, replicas, cpuPercent: cpu ?? null, loss: loss / PERCENT, perSecond: rate, rounds, seconds, open, urgentOf: urgent,
        instance: `w-${randomBytes(2).toString("hex")}`,
        ...places,
        signal: stopSignal(),
        write: (text) => process.stderr.write(text),
      });
      print(json, result, () => draw(result));
      if ([result.with, result.without].some(({ lost, duplicated }) => lost + duplicated > 0)) setExitCode(1);
    });
};
