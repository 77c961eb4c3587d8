import { randomBytes } from "node:crypto";

import { type Failing, type FailoverResult, type RoleFigures, runFailover, type Spread } from "@crossguardian/chaos";
import { STANDBY_KINDS, type StandbyKind } from "@crossguardian/world";
import { type Command, Option } from "commander";

import { type Context, count, examples, JSON_OPTION } from "../context.ts";

const MAX_REPEAT = 10_000;
const FAILING: readonly Failing[] = ["crash", "gray"];

type Options = { readonly repeat: number; readonly role?: StandbyKind; readonly failing?: Failing; readonly json: boolean };

const drawSpread = (name: string, { p50Ms, p95Ms, p99Ms, maxMs }: Spread): string => `    ${name.padEnd(14)} p50 ${p50Ms} ms, p95 ${p95Ms} ms, p99 ${p99Ms} ms, max ${maxMs} ms`;

const drawRole = ({ kind, failing, takenOver, served, nextCommit, redundant, barMs, isKept }: RoleFigures): string =>
  [
    `  ${failing} of the active ${kind}, ${served.samples} times: service back p99 ${served.p99Ms} ms, bar ${barMs} ms: ${isKept ? "kept" : "MISSED"}`,
    drawSpread("taken over", takenOver),
    drawSpread("service back", served),
    drawSpread("next commit", nextCommit),
    drawSpread("redundant", redundant),
  ].join("\n");

const draw = (result: FailoverResult): string =>
  [
    `${result.strikes} strikes under load; ${result.transfers} transfers: ${result.committed} committed, ${result.rolledBack} rolled back, ${result.lost} lost, ${result.duplicated} duplicated, ${result.stuck} stuck`,
    ...result.roles.map(drawRole),
    "  paper: a few minutes until the backup domain serves",
    ...result.complaints.map((complaint) => `wrong: ${complaint}`),
  ].join("\n");

/** `experiment failover` */
export const registerFailover = (experiment: Command, { places, needRoot, stopSignal, print, setExitCode }: Context): void => {
  experiment
    .command("failover")
    .description("active domains are killed or stopped under load; how long until their standby serves, measured at the switch")
    .option("--repeat <n>", "strikes of each role and way of failing", count(1, MAX_REPEAT), 10)
    .addOption(new Option("--role <kind>", "only domains of this kind").choices(STANDBY_KINDS))
    .addOption(new Option("--failing <how>", "only this way: killed, or stopped and still there").choices(FAILING))
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["experiment failover --repeat 20", "experiment failover --repeat 200 --failing crash --json", "experiment failover --role interaction"]))
    .action(async ({ repeat, role, failing, json }: Options) => {
      needRoot("oci");
      const result = await runFailover({
        repeat,
        kinds: role === undefined ? STANDBY_KINDS : [role],
        failing: failing === undefined ? FAILING : [failing],
        places: { instance: `f-${randomBytes(2).toString("hex")}`, ...places },
        signal: stopSignal(),
        write: (text) => process.stderr.write(text),
      });
      print(json, result, () => draw(result));
      if (!result.isKept) setExitCode(1);
    });
};
