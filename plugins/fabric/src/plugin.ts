import { type Clock, CodedError, type Hash, type Log } from "@crossguardian/kernel";
import { type BlockStream, type DeliveredBlock } from "@crossguardian/plugin-fabric-blocks";
import { type ChainPlugin, makeIntake, type PluginSays } from "@crossguardian/plugin-kit";
import { type FabricVerifier } from "@crossguardian/proof";
import { type Message } from "@crossguardian/wire";
import { answerQuery } from "./answer-query.ts";
import { type ContractPort } from "./contract-port.ts";
import { MAX_OPEN_QUERIES, SLOW_CALL_MS } from "./limits.ts";
import { findEvents } from "./scan/find-events.ts";
import { makeScanner } from "./scan/scanner.ts";
import { makeTransactionSender } from "./submit/transaction-sender.ts";

/** What the plugin needs; nothing else is reachable for it. */
export type FabricPluginPorts = {
  readonly say: <N extends PluginSays>(name: N, message: Message<N>) => boolean;
  readonly openBlocks: (onBlock: (delivered: DeliveredBlock) => void) => BlockStream;
  readonly contract: ContractPort;
  readonly verifier: FabricVerifier;
  readonly keccak256: Hash;
  readonly clock: Clock;
  readonly log: Log;
};

/** How it is set up. */
export type FabricPluginOptions = {
  readonly chain: string;
  readonly depth: number;
  readonly channel: string;
  readonly chaincode: string;
  readonly maxEntries: number;
  readonly maxTransactions: number;
};

/** Names of what the plugin's pulse shows. */
export const FABRIC_GAUGES = ["tip", "cursor", "txInFlight", "txWaiting", "up", "waits.scan", "waits.answer", "still.submit"] as const;

/**
 * Makes the plugin of one channel. It is not trusted: what it tells is verified block by block, what it submits is checked by the chaincode. It
 * keeps no state: the interaction domain tells it from where to scan.
 */
export const makeFabricPlugin = (ports: FabricPluginPorts, options: FabricPluginOptions): ChainPlugin => {
  const { clock, log } = ports;
  const { chain } = options;
  let openQueries = 0;
  let queryingSinceMs: number | null = null;
  let isQueryFailing = false;

  const blocks = ports.openBlocks(({ block, bytes }) => {
    scanner.onBlock(findEvents(ports, options, block, bytes));
  });
  const scanner = makeScanner({
    chain,
    depth: BigInt(options.depth),
    tip: blocks.tip,
    setFrom: blocks.setFrom,
    hold: blocks.hold,
    clock,
    log,
    tell: (message) => ports.say("observed", message),
  });
  const sender = makeTransactionSender({
    contract: ports.contract,
    isUp: blocks.isUp,
    maxEntries: options.maxEntries,
    maxTransactions: options.maxTransactions,
    clock,
    log,
    report: (hint) => ports.say("submitted", { chain, ...hint }),
  });
  const intake = makeIntake({ chain, tell: (body) => ports.say("privateBody", body), clock, log });

  return {
    scan: (order) => {
      if (order.chain === chain) scanner.onScan(order);
    },
    submit: (order) => {
      if (order.chain === chain) sender.submit(order);
    },
    query: (order) => {
      if (order.chain !== chain || openQueries >= MAX_OPEN_QUERIES) return;
      openQueries += 1;
      queryingSinceMs ??= clock.monotonicMs();
      answerQuery(ports.contract, ports.keccak256, order)
        .then((answer) => {
          isQueryFailing = false;
          ports.say("decided", answer);
        })
        .catch((error: unknown) => {
          if (!(error instanceof CodedError)) throw error;
          isQueryFailing = true;
          log.warn(error.code, error.failure.facts);
        })
        .finally(() => {
          openQueries -= 1;
          if (openQueries === 0) queryingSinceMs = null;
        });
    },
    privateBodyTaken: intake.onTaken,
    intake,
    onDrain: scanner.wake,
    gauges: () => ({
      tip: Number(blocks.tip() ?? 0n),
      cursor: Number(scanner.cursor() ?? 0n),
      txInFlight: sender.inFlight(),
      txWaiting: sender.waiting(),
      up: blocks.isUp() ? 1 : 0,
      "waits.scan": !blocks.isUp() || scanner.waits() ? 1 : 0,
      "waits.answer": !blocks.isUp() || isQueryFailing || (queryingSinceMs !== null && clock.monotonicMs() - queryingSinceMs > SLOW_CALL_MS) ? 1 : 0,
      "still.submit": sender.stillMs(),
    }),
    stop: () => {
      scanner.stop();
      sender.stop();
      blocks.stop();
    },
  };
};
