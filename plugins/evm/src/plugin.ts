import { CHAIN_KIND, type Clock, CodedError, type Hash, type Log, type Secp256k1, to0x } from "@crossguardian/kernel";
import { GATEWAY_TOPICS } from "@crossguardian/proof";
import { type ChainPlugin, makeIntake, type PluginSays } from "@crossguardian/plugin-kit";
import { type PluginConfig } from "@crossguardian/protocol";
import { type Message } from "@crossguardian/wire";
import { answerQuery } from "./answer-query.ts";
import { makeTipWatch, type TipWatch } from "./chain/tip-watch.ts";
import { type OpenTransport } from "./rpc/transport.ts";
import { type EventFilter } from "./scan/decode-receipts.ts";
import { makeScanner, type Scanner } from "./scan/scanner.ts";
import { type AccountWatch, makeAccountWatch } from "./submit/account-watch.ts";
import { makeGatewayCalls } from "./submit/gateway-calls.ts";
import { TRANSACTION_GAS } from "./submit/plan-transactions.ts";
import { makeTransactionSender, type TransactionSender } from "./submit/transaction-sender.ts";

/** What the plugin needs; nothing else is reachable for it. */
export type PluginPorts = {
  readonly endpoints: readonly OpenTransport[];
  /** False: the channel is full; `onDrain` of the plugin follows. */
  readonly say: <N extends PluginSays>(name: N, message: Message<N>) => boolean;
  readonly keccak256: Hash;
  readonly secp256k1: Pick<Secp256k1, "sign" | "address">;
  /** Private key of the submitting account. */
  readonly accountKey: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
};

/** Names of what a plugin's pulse shows; `waits.*` and `still.*` as management judges them. */
export const PLUGIN_GAUGES = [
  "tip", "cursor", "txInFlight", "txWaiting", "up", "waits.scan", "waits.answer", "still.submit", "pays.transactions", "pays.calls", "pays.balanceGwei",
] as const;

/** One of {@link PLUGIN_GAUGES}. */
export type PluginGauge = (typeof PLUGIN_GAUGES)[number];

/** A running EVM plugin. */
export type EvmPlugin = Omit<ChainPlugin, "gauges" | "intake"> & {
  readonly intake: NonNullable<ChainPlugin["intake"]>;
  readonly gauges: () => Readonly<Partial<Record<PluginGauge, number>>>;
};

const ADDRESS_BYTES = 20;
const MAX_OPEN_QUERIES = 16;

type Parts = { readonly watch: TipWatch; readonly scanner: Scanner; readonly sender: TransactionSender; readonly account: AccountWatch; readonly isQueryFailing: boolean };

const gaugesOf = ({ watch, scanner, sender, account, isQueryFailing }: Parts): ReturnType<EvmPlugin["gauges"]> => {
  const pays = account.affordable();
  return {
    tip: Number(watch.tip() ?? 0n),
    cursor: Number(scanner.cursor() ?? 0n),
    txInFlight: sender.inFlight(),
    txWaiting: sender.waiting(),
    up: watch.isUp() ? 1 : 0,
    "waits.scan": scanner.waits() ? 1 : 0,
    "waits.answer": watch.waits() || isQueryFailing ? 1 : 0,
    "still.submit": sender.stillMs(),
    ...(pays === null ? {} : { "pays.transactions": pays.transactions, "pays.calls": pays.calls, "pays.balanceGwei": pays.balanceGwei }),
  };
};

/**
 * Makes the plugin of one EVM chain. It is not trusted: what it tells carries proofs, what it submits is checked by the
 * contract. It keeps no state: the interaction domain tells it from where to scan.
 * @throws evm.config.endpoint when the configuration names no endpoint or another kind of chain.
 */
export const makeEvmPlugin = (ports: PluginPorts, config: PluginConfig): EvmPlugin => {
  if (config.kind !== CHAIN_KIND.evm || ports.endpoints.length === 0) {
    throw new CodedError("evm.config.endpoint", { kind: config.kind, endpoints: ports.endpoints.length });
  }
  const { clock, log, keccak256 } = ports;
  const contract = config.contract.slice(-ADDRESS_BYTES);
  const address = ports.secp256k1.address(ports.accountKey);
  const filter: EventFilter = {
    address: to0x(contract),
    topics: new Set(Object.values(GATEWAY_TOPICS).map((topic) => to0x(topic))),
  };
  const calls = makeGatewayCalls({ keccak256 });
  let openQueries = 0;
  /** The last question to the contract failed at the node. */
  let isQueryFailing = false;

  const watch = makeTipWatch({
    endpoints: ports.endpoints,
    genesisHash: config.genesisHash,
    keccak256,
    clock,
    log,
    pollMs: config.pollMs,
    onTip: () => {
      scanner.wake();
      sender.onTip();
      account.check();
    },
    onUp: () => sender.onUp(),
  });
  const account = makeAccountWatch({ watch, address, maxGas: config.maxGas, callGas: TRANSACTION_GAS + BigInt(config.executeGas), clock, log });
  const scanner = makeScanner({
    chain: config.chain,
    depth: config.depth,
    contract,
    filter,
    watch,
    keccak256,
    clock,
    log,
    tell: (message) => ports.say("observed", message),
  });
  const sender = makeTransactionSender({
    watch,
    account,
    calls,
    rules: config,
    powers: ports,
    key: ports.accountKey,
    address,
    contract,
    chainId: config.numericId,
    clock,
    log,
    report: (hint) => ports.say("submitted", { chain: config.chain, ...hint }),
  });
  const intake = makeIntake({ chain: config.chain, tell: (body) => ports.say("privateBody", body), clock, log });
  log.info("evm.plugin.account", { chain: config.chain, address: to0x(address) });

  return {
    scan: (order) => {
      if (order.chain === config.chain) scanner.onScan(order);
    },
    submit: (order) => {
      if (order.chain === config.chain) sender.submit(order);
    },
    query: (order) => {
      if (order.chain !== config.chain || openQueries >= MAX_OPEN_QUERIES) return;
      openQueries += 1;
      answerQuery(watch, calls, contract, order)
        .then((answer) => {
          isQueryFailing = false;
          ports.say("decided", answer);
        })
        .catch((error: unknown) => {
          if (!(error instanceof CodedError)) throw error;
          isQueryFailing = true;
          log.warn("evm.query.failed", { id: order.id, code: error.code });
        })
        .finally(() => (openQueries -= 1));
    },
    privateBodyTaken: intake.onTaken,
    intake,
    onDrain: scanner.wake,
    gauges: () => gaugesOf({ watch, scanner, sender, account, isQueryFailing }),
    stop: () => {
      scanner.stop();
      sender.stop();
      watch.stop();
    },
  };
};
