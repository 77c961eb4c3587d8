import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import { intakePath } from "@crossguardian/world";

import { ATTACKED_CHAIN } from "./attacked-world.ts";
import { type ExperimentOptions } from "./experiment-options.ts";
import { type AttackRun, firstStep, framesAfter, offeredIn, replacedAt, runAttack } from "./run-attack.ts";

/** The last line of `experiment dos --json`. Times in ms; null: it did not happen. */
export type DosResult = {
  /** Transfers settled per second on pairs that are not attacked. */
  readonly tpsBefore: number;
  readonly tpsDuring: number;
  readonly tpsAfter: number;
  /** Transfers sent per second on these pairs during the attack. */
  readonly offeredDuring: number;
  /** p50 during the attack over p50 before, on pairs that are not attacked. */
  readonly latencyRatioOtherFlows: number;
  /** From the first flooding frame of the channel to the decision to isolate. */
  readonly detectMs: number | null;
  /** From the decision until the switch had closed the port. */
  readonly isolateMs: number | null;
  /** From the decision until the replacement's first frame had passed. */
  readonly failoverMs: number | null;
  /** From the beginning of the channel's flood until the first transfer of the attacked pair that was sent after the decision is settled. */
  readonly restoreMs: number | null;
  readonly lost: number;
  readonly duplicated: number;
  readonly attackedTps: { readonly before: number; readonly during: number; readonly after: number };
  readonly p50Ms: { readonly before: number; readonly during: number; readonly after: number };
  /** What management did first about the flood of the network side, and after how long. */
  readonly networkSide: { readonly step: string; readonly afterMs: number } | null;
  readonly rule: string;
  readonly framesAfterIsolation: number;
  readonly otherRestarts: number;
};

const FLOODER = fileURLToPath(new URL("flood-intake.ts", import.meta.url));

/** A program that floods a socket from a network namespace of its own; returns what ends it. */
const floodFromOutside = async (path: string): Promise<() => Promise<void>> => {
  const child = spawn("/usr/bin/unshare", ["--net", "--", process.execPath, FLOODER, path], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once("data", () => resolve());
    child.once("error", reject);
    child.once("exit", () => reject(new Error("the flooding program ended")));
  });
  child.stdout.resume();
  return async () => {
    child.stdin.end();
    child.kill("SIGKILL");
    await ended;
  };
};

const SHARE_OF_NETWORK_FLOOD_ALONE = 0.4;

/** Times and rates of a run. */
export const dosResultOf = (run: AttackRun): DosResult => {
  const channelMs = run.marks.get("channel") ?? run.beganMs;
  const decided = firstStep(run, channelMs, ["quarantine"]);
  const isolated = firstStep(run, channelMs, ["quarantine"], "done");
  const early = firstStep(run, run.beganMs, ["limit", "quarantine"]);
  const replaced = decided === null ? null : replacedAt(run, decided.atMs);
  const restored = decided === null ? null : run.firstServedAfter(decided.atMs);
  return {
    tpsBefore: run.before.others.settledPerS,
    tpsDuring: run.during.others.settledPerS,
    tpsAfter: run.after.others.settledPerS,
    offeredDuring: offeredIn(run),
    latencyRatioOtherFlows: Math.round((run.during.others.p50Ms / Math.max(1, run.before.others.p50Ms)) * 1_000) / 1_000,
    detectMs: decided === null ? null : decided.atMs - channelMs,
    isolateMs: isolated?.tookMs ?? null,
    failoverMs: decided === null || replaced === null ? null : replaced - decided.atMs,
    restoreMs: restored === null ? null : restored - channelMs,
    lost: run.lost,
    duplicated: run.duplicated,
    attackedTps: { before: run.before.attacked.settledPerS, during: run.during.attacked.settledPerS, after: run.after.attacked.settledPerS },
    p50Ms: { before: run.before.others.p50Ms, during: run.during.others.p50Ms, after: run.after.others.p50Ms },
    networkSide: early === null || early.atMs >= channelMs ? null : { step: early.step, afterMs: early.atMs - run.beganMs },
    rule: decided?.says ?? "",
    framesAfterIsolation: isolated === null ? -1 : framesAfter(run, isolated),
    otherRestarts: run.otherRestarts,
  };
};

/** The paper's first security experiment: the appchain domain's network side is flooded from outside, then its channel by its own compromised module. */
export const runDos = async (options: ExperimentOptions): Promise<AttackRun> =>
  runAttack(options, async ({ world, order, pause, mark }) => {
    const end = await floodFromOutside(intakePath(world.terms, ATTACKED_CHAIN));
    options.write("  the network side is flooded\n");
    try {
      await pause(options.seconds * 1_000 * SHARE_OF_NETWORK_FLOOD_ALONE);
      options.write("  the channel is flooded\n");
      mark("channel");
      const begun = await order("flood");
      // The module's own word: an order takes its time to arrive on a busy machine.
      if (typeof begun === "object" && begun !== null && "atMs" in begun) mark("channel", Number(begun.atMs));
    } catch (error) {
      await end();
      throw error;
    }
    return end;
  });
