import { type ChainKind } from "@crossguardian/devnet";
import { CodedError } from "@crossguardian/kernel";
import { type World } from "@crossguardian/world";
import { type Hex } from "viem";

import { type BuiltField, buildField, FINE_BLOCK_TIME_MS } from "./build-field.ts";
import { type ChaosOptions } from "./chaos-options.ts";
import { keepLogs } from "./keep-logs.ts";
import { type LoadKind } from "./load/lane.ts";
import { type Load, type LoadRate, runLoad } from "./load/run-load.ts";
import { judgeHistory, type HistoryVerdict } from "./oracle/judge-history.ts";
import { readHistory, servicesOf } from "./oracle/read-history.ts";
import { shortestHistory } from "./oracle/shortest-history.ts";
import { rosterOf } from "./roster.ts";
import { type RunLog } from "./run-log.ts";
import { runSteps } from "./run-steps.ts";
import { type Step } from "./schedule/step.ts";
import { type StepResults } from "./tally.ts";
import { READ_AGAIN_BLOCKS, watchChains } from "./watch/chain-watch.ts";
import { watchRelay } from "./watch/relay-watch.ts";
import { watchSyncs } from "./watch/sync-watch.ts";

/** What one world showed. */
export type WorldRun = {
  readonly results: StepResults;
  readonly sent: Readonly<Record<LoadKind, number>>;
  readonly settleMs: number;
  readonly syncsMs: readonly number[];
  readonly verdict: Omit<HistoryVerdict, "complaints">;
  /** What is wrong, in words. */
  readonly complaints: readonly string[];
  /** The shortest history that shows it; empty when nothing is. */
  readonly history: readonly string[];
};

/** What two cores carry beside everything else. */
const LOAD: Readonly<Record<ChainKind, LoadRate>> = {
  anvil: { everyMs: 100, assets: 1, maxOpen: 120, atOnce: 1 },
  ganache: { everyMs: 1_000, assets: 1, maxOpen: 16, atOnce: 1 },
};
/** One transfer of each pair for each fine block, evenly, as far as the machine carries that. */
const FINE_LOAD: LoadRate = { everyMs: FINE_BLOCK_TIME_MS, assets: 1, maxOpen: 120, atOnce: 8 };
const loadOf = ({ chain, each }: Pick<ChaosOptions, "chain" | "each">): LoadRate => (each !== null && chain === "anvil" ? FINE_LOAD : LOAD[chain]);
/** Longest timeout of a transfer and the time that its cancelling and settling take, in ms. */
const SETTLE_DEADLINE_MS = 180_000;
const WARM_UP_MS = 6_000;
const POLL_MS = 100;
const RELAY_QUIET_MS = 750;

/** A transfer's name for people out of its key on the chains; empty stays empty. */
const makeNames = (world: World): ((key: string) => string) => {
  const services = servicesOf(world);
  return (key) => {
    const [from, to, index] = key.split("-") as [Hex, Hex, string]; // a transfer's key is from-to-index
    return key === "" ? "" : `${services.get(from)?.id ?? from}-${services.get(to)?.id ?? to}-${index}`;
  };
};

const makeWait = (signal: AbortSignal) => async (ms: number): Promise<void> => {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason instanceof Error ? signal.reason : new CodedError("cli.stopped", {}));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
};

/** What is done to a world, for how long at most, and where its logs are kept. */
export type WorldPlan = { readonly schedule: readonly Step[]; readonly forMs: number | null; readonly logsTo: string | null };

const drive = async ({ field }: BuiltField, options: ChaosOptions, { schedule, forMs }: WorldPlan, log: RunLog): Promise<WorldRun> => {
  const wait = makeWait(options.signal);
  const isFine = options.each !== null;
  const chains = watchChains(field.world, field.miner, isFine ? 0 : READ_AGAIN_BLOCKS);
  const relay = watchRelay(field.world);
  const syncs = await watchSyncs(field.world.terms.dataDir);
  let load: Load | null = null;
  try {
    load = runLoad(field.world, chains, loadOf(options));
    await wait(WARM_UP_MS);
    const results = await runSteps({ field, eyes: { chains, relay }, roster: rosterOf(field.world.topology, options.chain), schedule, forMs, oneAtATime: isFine, wait, log });
    await load.stop();
    const sent = load.sent();
    const settling = performance.now();
    while (chains.open().length > 0 && performance.now() - settling < SETTLE_DEADLINE_MS) {
      await wait(POLL_MS);
      log.progress(() => `${chains.open().length} of ${chains.requested()} transfers still open`);
    }
    const settleMs = performance.now() - settling;
    log.note(`settled ${chains.settled()} of ${chains.requested()} in ${Math.round(settleMs)} ms after the last fault`);
    // What the relay chain said last has come to the watch by then.
    await wait(RELAY_QUIET_MS);
    // A fine chain keeps its newest state only: what is read of it while a block is made may be gone.
    if (isFine) await field.miner?.stop();
    const { complaints, ...verdict } = judgeHistory(await readHistory(field.world, relay.blocks));
    const known = { eventsOf: chains.of, nameOf: makeNames(field.world) };
    return {
      results, sent, settleMs, verdict,
      syncsMs: syncs.timesMs(),
      complaints: complaints.map(({ kind, key, says }) => `${kind}: ${known.nameOf(key)} ${says}`.replaceAll("  ", " ")),
      history: complaints.length === 0 ? [] : shortestHistory(complaints, log, known),
    };
  } finally {
    await load?.stop();
    await Promise.all([chains.stop(), relay.stop(), syncs.stop()]);
  }
};

/**
 * Builds a world, puts it under load, does to it what the plan says, lets everything settle, and judges from the chains and the relay log.
 * @throws what stops a world from starting, cli.stopped, chaos.victim.absent
 */
export const runWorld = async (options: ChaosOptions, plan: WorldPlan, log: RunLog): Promise<WorldRun> => {
  const wishes = { chain: options.chain, kinds: options.chains, isFine: options.each !== null };
  const built = await buildField(wishes, options.places, (step) => {
    log.note(step);
  });
  try {
    return await drive(built, options, plan, log);
  } finally {
    if (plan.logsTo !== null) keepLogs(built.field.world, plan.logsTo, log);
    await built.end();
  }
};
