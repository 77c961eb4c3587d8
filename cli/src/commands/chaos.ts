import { randomBytes, randomInt } from "node:crypto";
import { existsSync, statfsSync } from "node:fs";

import { type Break, BREAKS, type ChaosOptions, type ChaosResult, FIELD_KINDS, makeBrokenTree, runChaos, SINGLE_KINDS } from "@crossguardian/chaos";
import { CodedError } from "@crossguardian/kernel";
import { type Command, Option } from "commander";

import { chainKinds } from "../config/chain-kinds.ts";
import { type Context, count, examples, JSON_OPTION, repeated } from "../context.ts";

const MAX_KILLS = 100_000;
const MAX_EACH = 1_000;
const MAX_SEED = 2 ** 32 - 1;
const MAX_SECONDS = 24 * 3_600;
const MS_PER_SECOND = 1_000;

type Options = { readonly kills: number; readonly each?: number; readonly kind: readonly string[]; readonly seed?: number; readonly for?: number; readonly chain: "anvil" | "ganache"; readonly chains: ChaosOptions["chains"]; readonly only: readonly string[]; readonly break?: Break; readonly volumes: "disk" | "memory"; readonly keepLogs?: string; readonly json: boolean };

const draw = (result: ChaosResult): string => {
  const pairs = (counts: Readonly<Record<string, number>>): string => Object.entries(counts).map(([name, many]) => `${name} ${many}`).join(", ");
  const recovery = Object.entries(result.recovery).map(([kind, { p50Ms, p95Ms, samples }]) => `  ${kind.padEnd(12)} p50 ${p50Ms} ms, p95 ${p95Ms} ms over ${samples}`);
  return [
    `seed ${result.seed}: ${result.kills} kills, ${result.transfers} transfers: ${result.committed} committed, ${result.rolledBack} rolled back, ${result.lost} lost, ${result.duplicated} duplicated, ${result.stuck} stuck`,
    `killed: ${pairs(result.killed)}`,
    `at crash points: ${pairs(result.crashPoints)}`,
    `other faults: ${pairs(result.faults)}`,
    "from a kill to the next commit:",
    ...recovery,
    `pairs that do not use the chain of a killed plugin or witness paused for ${result.bystanderMaxPauseMs} ms at most (p95 ${result.bystanders.p95Ms}, before the kills ${result.calm.p95Ms})`,
    ...result.complaints.map((complaint) => `wrong: ${complaint}`),
    ...(result.history.length === 0 ? [] : [`the shortest history that shows it (seed ${result.seed}):`, ...result.history.map((line) => `  ${line}`)]),
  ].join("\n");
};

const kindsOf = (names: readonly string[]): ChaosOptions["kinds"] => {
  const unknown = names.find((name) => !SINGLE_KINDS.some((each) => each === name));
  if (unknown !== undefined) throw new CodedError("cli.argument.bad", { kind: unknown.slice(0, 40), kinds: SINGLE_KINDS.join(" ") });
  return names.length === 0 ? SINGLE_KINDS : SINGLE_KINDS.filter((each) => names.includes(each));
};

const MEMORY_FOLDER = "/dev/shm";
const TMPFS_MAGIC = 0x01021994; // linux/magic.h

const memoryFolder = (): string => {
  if (!existsSync(MEMORY_FOLDER) || statfsSync(MEMORY_FOLDER).type !== TMPFS_MAGIC) throw new CodedError("cli.argument.bad", { volumes: "memory", needs: `a tmpfs at ${MEMORY_FOLDER}` });
  return MEMORY_FOLDER;
};

const runBroken = async (how: Break, options: ChaosOptions): Promise<ChaosResult> => {
  options.write(`a copy of this program, broken: ${how}\n`);
  const broken = await makeBrokenTree(how);
  try {
    return await broken.runChaos({ ...options, places: { ...options.places, stateDir: broken.stateDir } });
  } finally {
    broken.remove();
  }
};

/** `chaos` */
export const registerChaos = (program: Command, { places, needRoot, stopSignal, print, setExitCode }: Context): void => {
  program
    .command("chaos")
    .description("transfers under kills and faults that follow from a seed; chains and relay log judge; exit code 1 when anything was lost, doubled or stuck")
    .option("--kills <n>", "processes that are killed; with 0 each other fault happens once", count(0, MAX_KILLS), 60)
    .option("--each <n>", "instead: so many kills of each kind of process, one at a time and with nothing else, each after all pairs of chains commit again", count(1, MAX_EACH))
    .option("--kind <kind>", `of which --each speaks: ${SINGLE_KINDS.join(", ")}; may be repeated`, repeated, [])
    .option("--seed <s>", "what happens follows from it; any when it is left out", count(0, MAX_SEED))
    .option("--for <seconds>", "end the faults after this time, also when fewer were killed", count(5, MAX_SECONDS))
    .addOption(new Option("--chain <kind>", "development chain; only nodes of ganache are killed, those of anvil are stopped for a while").choices(["anvil", "ganache"]).default("anvil"))
    .option("--chains <kinds>", "kinds of chains: gateway A's, which is evm, then gateway B's: evm,fabric", chainKinds(FIELD_KINDS), ["evm"] as const)
    .option("--only <fault>", "of the other faults only this one; may be repeated", repeated, [])
    .addOption(new Option("--break <how>", "run a copy of this program in which exactly-once is broken, to see that the oracle objects").choices(BREAKS))
    .addOption(new Option("--volumes <where>", "in memory a sync takes no time, so that pauses are not those of a slow or shared disk").choices(["disk", "memory"]).default("disk"))
    .option("--keep-logs <dir>", "where the logs of the run are copied to")
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["chaos --kills 60 --seed 7", "chaos --kills 300 --seed 7 --json", "chaos --chains evm,fabric --kills 100 --json", "chaos --kills 100 --seed 7 --break dedupe", "chaos --kills 0 --only diskFull --only freeze", "chaos --each 40 --seed 7 --json", "chaos --each 10 --kind plugin --kind witness --volumes memory", "chaos --for 600 --keep-logs /tmp/chaos"]))
    .action(async ({ kills, each, kind, seed, for: seconds, chain, chains, only, break: how, volumes, keepLogs, json }: Options) => {
      needRoot("oci");
      const options: ChaosOptions = {
        kills,
        each: each ?? null,
        kinds: kindsOf(kind),
        seed: seed ?? randomInt(MAX_SEED),
        forMs: seconds === undefined ? null : seconds * MS_PER_SECOND,
        chain,
        chains,
        only: only.length === 0 ? null : only,
        places: { instance: `x-${randomBytes(2).toString("hex")}`, ...places, ...(volumes === "memory" ? { dataRoot: memoryFolder() } : {}) },
        signal: stopSignal(),
        logsTo: keepLogs ?? null,
        write: (text) => process.stderr.write(text),
      };
      const result = how === undefined ? await runChaos(options) : await runBroken(how, options);
      print(json, result, () => draw(result));
      if (result.lost + result.duplicated + result.stuck > 0) setExitCode(1);
    });
};
