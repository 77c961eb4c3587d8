import { type Cancel, type Clock, CodedError, type Log, toHex } from "@crossguardian/kernel";
import { type ChainPlugin, type ChainPluginPorts, makeBlockScanner, oneAtATime } from "@crossguardian/plugin-kit";
import { makeHashes, type PluginConfig } from "@crossguardian/protocol";
import { makePool, type PoolSettings, type Proposal, STEP } from "@crossguardian/utxo";
import { type Message, SUBMIT_CALL, SUBMIT_OUTCOME } from "@crossguardian/wire";
import { answerQuery } from "./answer-query.ts";
import { makeSignerLink } from "./ask-signer.ts";
import { type UtxoNode } from "./node.ts";
import { makePoolSource, type PoolBlock } from "./pool-source.ts";
import { makeStepDriver, type StepDriver } from "./step-driver.ts";

/** Names of what the plugin's pulse shows. */
export const UTXO_GAUGES: readonly string[] = ["tip", "cursor", "up", "waits.scan", "waits.answer", "pool.steps", "pool.waiting"];

const RETRY_MS = 500;
/** Blocks that are looked through for deposits at a time. */
export const BLOCKS_AT_A_TIME = 8;
const STEP_OF: ReadonlyMap<number, 2 | 3 | 4> = new Map([[SUBMIT_CALL.execute, STEP.execute], [SUBMIT_CALL.cancel, STEP.cancel], [SUBMIT_CALL.settle, STEP.settle]]);

type DepositWatch = { readonly onTip: (tip: bigint) => void; readonly stop: () => void };

/** Finds users' deposits from the pool's first block on and proposes to open them, in the chain's order; and notes which steps are in final blocks. */
const watchDeposits = (
  read: (height: bigint) => Promise<PoolBlock>,
  driver: StepDriver,
  from: bigint,
  { chain, depth, clock, log }: { readonly chain: string; readonly depth: number; readonly clock: Clock; readonly log: Log },
): DepositWatch => {
  let next = from;
  let tip: bigint | null = null;
  let isStopped = false;
  let cancel: Cancel = () => undefined;
  const run = oneAtATime(async () => {
    cancel();
    try {
      while (!isStopped && tip !== null && driver.isSynced() && next <= tip - BigInt(depth)) {
        const count = Math.min(BLOCKS_AT_A_TIME, Number(tip - BigInt(depth) - next) + 1);
        const from = next;
        const blocks = await Promise.all(Array.from({ length: count }, async (_, at) => read(from + BigInt(at))));
        for (const each of blocks.flatMap(({ steps }) => steps)) driver.confirmed(each);
        const deposits = blocks.flatMap((block) => block.deposits);
        for (const { txid, vout, deposit } of deposits) {
          log.info("utxo.deposit.found", { chain, txid: toHex(txid), height: deposit.height });
          driver.propose(`open-${toHex(txid)}-${String(vout)}`, { step: STEP.open, deposit }, (code) => {
            if (code !== "") log.warn(code, { deposit: toHex(txid) });
          });
        }
        next = from + BigInt(count);
      }
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      log.warn(error.code, error.failure.facts);
    }
    if (!isStopped) cancel = clock.after(RETRY_MS, () => void run());
  });
  return {
    onTip: (height) => {
      tip = height;
      void run();
    },
    stop: () => {
      isStopped = true;
      cancel();
    },
  };
};

/** The entries of a submission, each a step of its own. */
const proposalsOf = (order: Message<"submit">): readonly (readonly [string, Proposal])[] => {
  const step = STEP_OF.get(order.call);
  if (step === undefined) return [];
  return order.entries.map((entry, at) => [
    `${String(step)}-${entry.from}-${entry.to}-${entry.index.toString()}`,
    { step, submission: { ...order, chain: "", id: 0n, entries: [entry], bodies: order.bodies.slice(at, at + 1), results: order.results.slice(at, at + 1) } },
  ]);
};

/** Makes the plugin of a pool's chain. `node` speaks with the chain; the endpoints after the first are the pool's signers. */
export const makeUtxoPlugin = (ports: ChainPluginPorts, config: PluginConfig, node: UtxoNode, settings: PoolSettings, onStop: () => void): ChainPlugin => {
  const { say, crypto, clock, log } = ports;
  const { chain, depth, pollMs } = config;
  const pool = makePool({ hashes: makeHashes(crypto.keccak256), sha256: crypto.sha256, secp256k1: crypto.secp256k1 }, settings);
  const signers = ports.endpoints.slice(1).map(({ connect }) => makeSignerLink(connect, clock));
  const driver = makeStepDriver({ pool, settings, signers, sha256: crypto.sha256, send: node.send, clock, log });
  const previousOf = (txid: Uint8Array): Uint8Array | null => {
    // A step of the pool's may not be passed over only because its signers have not told of it yet.
    if (!driver.isSynced()) throw new CodedError("utxo.signer.failed");
    return driver.transactionOf(toHex(txid));
  };
  const { read, source } = makePoolSource(node, crypto.sha256, { program: pool.program, depth, previousOf });
  const deposits = watchDeposits(read, driver, settings.startHeight, { chain, depth, clock, log });
  const scanner = makeBlockScanner({
    chain, depth, source, clock, log, pollMs, onTip: deposits.onTip,
    tell: (message) => say("observed", message),
  });
  const submit = (order: Message<"submit">): void => {
    const proposals = proposalsOf(order);
    let left = proposals.length;
    let detail = proposals.length === 0 ? "utxo.step.refused" : "";
    const finish = (): void => {
      say("submitted", { chain, id: order.id, outcome: detail === "" ? SUBMIT_OUTCOME.mined : SUBMIT_OUTCOME.failed, detail });
    };
    if (left === 0) finish();
    for (const [key, proposal] of proposals) {
      driver.propose(key, proposal, (code) => {
        left -= 1;
        if (code !== "") detail = code;
        if (left === 0) finish();
      });
    }
  };
  return {
    intake: null,
    privateBodyTaken: () => undefined,
    onDrain: scanner.wake,
    scan: (order) => {
      if (order.chain === chain) scanner.onScan(order);
    },
    submit: (order) => {
      if (order.chain === chain) submit(order);
    },
    query: (order) => {
      if (order.chain === chain && driver.isSynced()) say("decided", answerQuery(pool, settings, order));
    },
    gauges: () => ({
      tip: Number(scanner.tip() ?? 0n), cursor: Number(scanner.cursor() ?? 0n), up: scanner.isUp() ? 1 : 0,
      "waits.scan": scanner.waits() ? 1 : 0, "waits.answer": scanner.isUp() && driver.isSynced() ? 0 : 1,
      "pool.steps": pool.steps(), "pool.waiting": driver.waiting(),
    }),
    stop: () => {
      scanner.stop();
      deposits.stop();
      driver.stop();
      onStop();
    },
  };
};
