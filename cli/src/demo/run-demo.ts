import { rmSync } from "node:fs";
import { join } from "node:path";

import { standBeside } from "@crossguardian/isolation";
import { type ChainKindName, CodedError } from "@crossguardian/kernel";
import {
  awaitSettled,
  awaitThese,
  buildTemporaryWorld,
  buildWorld,
  DEMO_TOPOLOGY,
  extraTransfersOf,
  type IsolationPlan,
  judgeWorld,
  paceOf,
  percentile,
  type Sent,
  sendAssets,
  sendDoomed,
  sendRetrievals,
  type Timing,
  vaultOf,
  type Verdict,
  withFewMachines,
  withKinds,
  type World,
  type WorldOptions,
} from "@crossguardian/world";

import { forgetInstance, type Places, recordPath, writeInstance } from "../instance.ts";
import { type DomainFacts, readDomains } from "./domain-facts.ts";
import { drawHouses, drawSteps, type Step } from "./picture.ts";
import { readStoredTransfer, type StoredTransfer } from "./show-transfer.ts";

/** What a demo is asked to do. */
export type DemoOptions = {
  readonly transfers: number;
  readonly chain: "anvil" | "ganache";
  /** Kinds of chains: of gateway A's, and of gateway B's. */
  readonly chains: readonly ChainKindName[];
  readonly isolation: IsolationPlan;
  readonly json: boolean;
  readonly keep: boolean;
  readonly places: Places;
  readonly instance: string;
  /** Ends the demo early and cleans up. */
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
};

/** The demo's last line with --json. */
export type DemoResult = {
  readonly requested: number;
  readonly retrievals: number;
  readonly committed: number;
  readonly rolledBack: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
  /** Every domain of the gateways. */
  readonly domains: readonly DomainFacts[];
  /** The switches, which are not domains but lie between them, and the relay chain's house. */
  readonly others: readonly DomainFacts[];
  readonly cid: string;
  readonly complaints: readonly string[];
};

const DEMO_BLOCK_TIME_MS = 250;
const DEMO_DEPTH = 1;
const SETTLE_DEADLINE_MS = 150_000;
const USERS = 3;

const stepsOf = async (world: World, id: string): Promise<readonly Step[]> => {
  const answers = await Promise.all(
    world.topology.gateways.map(async (gateway) =>
      world.houses.get(gateway.name)?.ask("interaction", "trace", id),
    ),
  );
  return answers.flatMap((answer) => (answer as { readonly steps?: readonly Step[] } | undefined)?.steps ?? []).sort((left, right) => left.ms - right.ms);
};

const record = (options: DemoOptions, world: World): void => {
  writeInstance(options.places, {
    instance: options.instance,
    startedMs: Date.now(),
    houses: [...world.houses.values()].map((house) => ({
      house: house.name,
      pid: house.pid,
      runDir: house.spec.runDir,
      dataDir: house.spec.dataDir,
      instance: house.spec.instance,
    })),
    pids: [
      ...[...world.nodes].map(([name, node]) => ({ what: `chain ${name}`, pid: node.pid })),
      { what: "proxies", pid: world.proxies.pid },
    ],
    ordererPort: world.terms.ordererPort,
    runDir: world.terms.runDir,
    dataDir: world.terms.dataDir,
    temporary: true,
  });
};

type Run = {
  readonly verdict: Verdict;
  readonly timing: Timing;
  readonly retrievals: number;
  readonly doomed: number;
  readonly stored: StoredTransfer | null;
  readonly steps: readonly Step[];
  readonly domains: readonly DomainFacts[];
};

const runLoad = async (options: DemoOptions, world: World): Promise<Run> => {
  const deadlineMs = SETTLE_DEADLINE_MS * paceOf(options.isolation);
  const sent: Sent[] = [];
  const onSent = (one: Sent): void => {
    sent.push(one);
  };
  const { retrievals, doomed } = extraTransfersOf(world);
  const arrived = async (first: readonly Sent[]): Promise<void> => {
    await awaitThese(world, first, deadlineMs);
  };
  const sending = Promise.all([sendDoomed(world, onSent), sendRetrievals(world, onSent), sendAssets(world, options.transfers, onSent, arrived)]);
  let told = 0;
  const expected = options.transfers + retrievals + doomed;
  const waiting = awaitSettled(world, sent, expected, deadlineMs, (settled, requested) => {
    if (performance.now() - told < 1_000 && settled < expected) return;
    told = performance.now();
    options.write(`  ${settled} of ${expected} settled, ${requested} requested on the chains\n`);
  });
  const aborted = new Promise<never>((_, reject) => {
    options.signal.addEventListener("abort", () => {
      reject(options.signal.reason instanceof Error ? options.signal.reason : new Error("ended"));
    });
  });
  const [timing] = await Promise.race([Promise.all([waiting, sending]), aborted]);
  const domains = (await Promise.all([...world.houses.values()].map(readDomains))).flat();
  const verdict = await judgeWorld(world);
  const [first] = world.topology.gateways;
  const from = vaultOf(first?.chains[0] ?? "");
  const second = world.topology.gateways[1]?.name ?? "";
  const stored = await readStoredTransfer(world, second, (each) => each === from);
  const steps = stored === null ? [] : await stepsOf(world, stored.id);
  return { verdict, timing, retrievals, doomed, stored, steps, domains };
};

const isGatewayDomain = (domain: DomainFacts): boolean => domain.gateway !== "relay" && domain.name !== "switch";

const tell = (options: DemoOptions, run: Run): void => {
  const { verdict, timing, stored } = run;
  options.write(`\nWho lives where\n${drawHouses(run.domains)}\n`);
  if (stored !== null) {
    options.write(`\nThe ten steps of ${stored.id}\n${drawSteps(run.steps)}\n`);
    options.write(`\nIts bxh transaction on the relay chain, CID ${stored.cid}\n${JSON.stringify(stored.bxh, null, 2)}\n`);
  }
  options.write(
    `\n${verdict.requests} requests: ${verdict.committed} committed, ${verdict.rolledBack} rolled back, ${verdict.lost} lost, ${verdict.duplicated} duplicated; ` +
      `request to commit p50 ${Math.round(percentile(timing.latenciesMs, 50))} ms, p99 ${Math.round(percentile(timing.latenciesMs, 99))} ms\n`,
  );
  for (const complaint of verdict.complaints) options.write(`  wrong: ${complaint}\n`);
};

/**
 * Starts chains, relay chain and gateways, sends transfers, judges from the chains alone, and takes everything down.
 * @throws cli.demo.unfinished, cli.demo.wrong and whatever stopped the start
 */
export const runDemo = async (options: DemoOptions): Promise<DemoResult> => {
  const started = performance.now();
  const { places, instance } = options;
  let world: World | null = null;
  let keep = false;
  // One that stays is ended by another process, which this group would be in the way of.
  const stepBack = paceOf(options.isolation) > 1 && !options.keep ? standBeside(instance) : null;
  const build = options.keep ? buildWorld : async (terms: WorldOptions) => buildTemporaryWorld(terms, [recordPath(places, instance)]);
  try {
    world = await build({
      instance,
      topology: withFewMachines(withKinds(DEMO_TOPOLOGY, options.chains), options.isolation),
      dev: { kind: options.chain, blockTimeMs: options.chain === "ganache" ? null : DEMO_BLOCK_TIME_MS * paceOf(options.isolation), depth: options.chain === "ganache" ? 0 : DEMO_DEPTH },
      driver: options.isolation,
      runRoot: places.runRoot,
      dataRoot: places.dataRoot,
      stateDir: places.stateDir,
      lifeline: !options.keep,
      users: USERS,
      onStep: (step) => {
        options.write(`[${((performance.now() - started) / 1000).toFixed(1)} s] ${step}\n`);
      },
    });
    record(options, world);
    options.signal.throwIfAborted();
    options.write(`[${((performance.now() - started) / 1000).toFixed(1)} s] ${options.transfers} transfers, private retrievals, and what has to be rolled back\n`);
    const run = await runLoad(options, world);
    tell(options, run);
    const { verdict, timing } = run;
    const result: DemoResult = {
      requested: verdict.requests,
      retrievals: run.retrievals,
      committed: verdict.committed,
      rolledBack: verdict.rolledBack,
      lost: verdict.lost,
      duplicated: verdict.duplicated,
      p50Ms: Math.round(percentile(timing.latenciesMs, 50)),
      p99Ms: Math.round(percentile(timing.latenciesMs, 99)),
      perSecond: Math.round((verdict.committed * 10_000) / timing.elapsedMs) / 10,
      domains: run.domains.filter(isGatewayDomain),
      others: run.domains.filter((domain) => !isGatewayDomain(domain)),
      cid: run.stored?.cid ?? "",
      complaints: verdict.complaints,
    };
    const right =
      verdict.lost === 0 &&
      verdict.duplicated === 0 &&
      verdict.rolledBack === run.doomed &&
      verdict.committed === options.transfers + run.retrievals;
    if (!right) {
      throw new CodedError("cli.demo.wrong", { committed: verdict.committed, rolledBack: verdict.rolledBack, lost: verdict.lost, duplicated: verdict.duplicated, first: verdict.complaints[0] ?? "" });
    }
    keep = options.keep;
    if (keep) options.write(`\nStill running as ${instance}. Try: ./crossguardian trace "${run.stored?.id ?? ""}"\n  ./crossguardian status\n  ./crossguardian down\n`);
    return result;
  } finally {
    if (!keep) {
      await world?.stop();
      forgetInstance(places, instance);
      rmSync(join(places.runRoot, instance), { recursive: true, force: true });
      rmSync(join(places.dataRoot, instance), { recursive: true, force: true });
    }
    await stepBack?.();
  }
};
