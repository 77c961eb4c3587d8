import { join } from "node:path";

import { to0x } from "@crossguardian/kernel";
import { type Hex } from "viem";

import { accountAddress, openKeySlots } from "../key-slots.ts";
import { headOf, readTransferEvents, type TransferEvent } from "../oracle/chain-facts.ts";
import { transferKey } from "../oracle/follow-chains.ts";
import { makeRpc, type Rpc } from "../rpc.ts";
import { type SavedWorld } from "../saved-world.ts";
import { openAccess } from "../kinds/open-access.ts";
import { type ChainPlan, kindOfPlan, pluginsOf } from "../world.ts";
import { makeContractReader, type OnChainService } from "./contract-reader.ts";
import { type OperatorPowers } from "./plan-world.ts";

/** A request that its source contract has not settled. */
export type UndecidedTransfer = {
  /** `from-to-index`, with service ids where they are registered. */
  readonly id: string;
  readonly key: string;
  readonly source: string;
  readonly block: bigint;
  /** Time of its block. */
  readonly atMs: number;
  readonly timeoutMs: number;
  /** Block of the destination's Receipt, where one was found, and its chain. */
  readonly decided: { readonly chain: string; readonly block: bigint } | null;
};

/** What a chain says when it is asked directly, by no domain of the gateway. */
export type ChainState = {
  readonly name: string;
  readonly gateway: string;
  readonly depth: number;
  readonly tip: bigint;
  /** Time of the newest block. */
  readonly tipAtMs: number;
  /** Mean over the last blocks; 0 when there are too few. */
  readonly blockTimeMs: number;
  readonly frozenPairs: readonly { readonly from: string; readonly to: string }[];
  readonly account: { readonly address: Hex; readonly balanceWei: bigint; readonly gasPriceWei: bigint; readonly maxGas: bigint } | null;
};

/** What was found: chains that answered, names of those that did not, and transfers that are open on those that did. */
export type ChainsState = {
  readonly chains: readonly ChainState[];
  readonly silent: readonly string[];
  readonly undecided: readonly UndecidedTransfer[];
  /** Open transfers beyond those listed. */
  readonly more: number;
};

/** Blocks below the tip in which requests and receipts are looked for. */
export const LOOKBACK_BLOCKS = 4_000n;
/** Open transfers whose block is asked for; the oldest. */
export const MAX_LISTED_TRANSFERS = 32;
/** A node that does not answer within this time is silent, in ms. */
export const STATE_DEADLINE_MS = 5_000;
const MAX_PAIRS = 128;
const SPAN_BLOCKS = 16n;
const MS_PER_S = 1_000;
/** What a plugin may use in one transaction on development chains (house-specs). */
const DEVELOPMENT_MAX_GAS = 100_000_000;

type Read = { readonly state: ChainState; readonly timeOf: (height: bigint) => Promise<number>; readonly events: readonly TransferEvent[]; readonly services: readonly OnChainService[] };

const hexOf = (value: bigint): Hex => `0x${value.toString(16)}`;

const timeOf = async (rpc: Rpc, height: bigint): Promise<number> =>
  Number((await rpc.call<{ readonly timestamp: Hex }>("eth_getBlockByNumber", [hexOf(height), false])).timestamp) * MS_PER_S;

/** The submitting account of a chain that has the least: that of its plugin or of the plugin's standby. */
const accountOf = async (powers: OperatorPowers, rpc: Rpc, { topology }: SavedWorld, chain: ChainPlan, dataDir: string): Promise<ChainState["account"]> => {
  const slots = openKeySlots(join(dataDir, "keys"));
  const owners = pluginsOf(topology, chain.name).filter((owner) => slots.has(owner));
  const gasPriceWei = BigInt(await rpc.call<Hex>("eth_gasPrice", []));
  const accounts = await Promise.all(
    owners.map(async (owner) => {
      const address = to0x(accountAddress(powers.crypto, slots, owner, chain.name));
      const balanceWei = BigInt(await rpc.call<Hex>("eth_getBalance", [address, "latest"]));
      return { address, balanceWei, gasPriceWei, maxGas: BigInt(chain.maxGas ?? DEVELOPMENT_MAX_GAS) };
    }),
  );
  return accounts.sort((left, right) => (left.balanceWei < right.balanceWei ? -1 : 1))[0] ?? null;
};

const frozenPairsOf = async (powers: OperatorPowers, rpc: Rpc, gateway: Hex, services: readonly OnChainService[]): Promise<ChainState["frozenPairs"]> => {
  const reader = makeContractReader(rpc, powers.hashes);
  const here = services.filter(({ isLocal }) => isLocal);
  const there = services.filter(({ isLocal }) => !isLocal);
  const pairs = here.flatMap(({ id }) => there.flatMap((peer) => [{ from: id, to: peer.id }, { from: peer.id, to: id }])).slice(0, MAX_PAIRS);
  const frozen = await Promise.all(pairs.map(async ({ from, to }) => reader.isPairFrozen(gateway, from, to)));
  return pairs.filter((_, at) => frozen[at] === true);
};

/** A chain that is not an EVM chain: its tip and its transfers; neither times of blocks nor an account are asked for. */
const readForeign = async (powers: OperatorPowers, saved: SavedWorld, chain: ChainPlan): Promise<Read> => {
  const access = openAccess({ ...powers, topology: saved.topology, chains: [chain], deployments: saved.deployments, users: [] }).get(chain.name);
  if (access === undefined) throw new Error(`no way to chain ${chain.name}`);
  const now = Date.now();
  const tip = await access.head();
  const from = tip > LOOKBACK_BLOCKS ? tip - LOOKBACK_BLOCKS : 1n;
  return {
    timeOf: async () => now,
    services: [],
    events: await access.events(from, tip),
    state: { name: chain.name, gateway: chain.gateway, depth: chain.depth, tip, tipAtMs: now, blockTimeMs: 0, frozenPairs: [], account: null },
  };
};

const readChain = async (powers: OperatorPowers, saved: SavedWorld, chain: ChainPlan, dataDir: string): Promise<Read> => {
  if (kindOfPlan(chain) !== "evm") return readForeign(powers, saved, chain);
  const rpc = makeRpc(chain.url, STATE_DEADLINE_MS);
  const gateway = saved.deployments.get(chain.name)?.gateway;
  const tip = await headOf(rpc);
  const low = tip > SPAN_BLOCKS ? tip - SPAN_BLOCKS : 0n;
  const [tipAtMs, lowAtMs] = [await timeOf(rpc, tip), await timeOf(rpc, low)];
  const services = gateway === undefined ? [] : await makeContractReader(rpc, powers.hashes).services(gateway);
  const from = tip > LOOKBACK_BLOCKS ? tip - LOOKBACK_BLOCKS : 1n;
  return {
    timeOf: async (height) => timeOf(rpc, height),
    services,
    events: gateway === undefined ? [] : await readTransferEvents(rpc, gateway, from, tip),
    state: {
      name: chain.name,
      gateway: chain.gateway,
      depth: chain.depth,
      tip,
      tipAtMs,
      blockTimeMs: tip === low ? 0 : (tipAtMs - lowAtMs) / Number(tip - low),
      frozenPairs: gateway === undefined ? [] : await frozenPairsOf(powers, rpc, gateway, services),
      account: await accountOf(powers, rpc, saved, chain, dataDir),
    },
  };
};

const undecidedOf = async (powers: OperatorPowers, reads: readonly Read[]): Promise<Pick<ChainsState, "undecided" | "more">> => {
  const names = new Map(reads.flatMap(({ services }) => services.map(({ id }) => [to0x(powers.hashes.serviceKey(id)), id] as const)));
  const receipts = new Map(
    reads.flatMap(({ state, events }) => events.filter(({ event }) => event === "Receipt").map((each) => [transferKey(each), { chain: state.name, block: each.block }] as const)),
  );
  const open = reads.flatMap(({ state, timeOf: askTime, events }) => {
    const settled = new Set(events.filter(({ event }) => event === "Settled").map(transferKey));
    return events.filter((each) => each.event === "Request" && !settled.has(transferKey(each))).map((request) => ({ request, askTime, source: state.name }));
  });
  const listed = open.slice(0, MAX_LISTED_TRANSFERS);
  const undecided = await Promise.all(
    listed.map(async ({ request, askTime, source }) => ({
      id: `${names.get(request.from) ?? request.from}-${names.get(request.to) ?? request.to}-${request.index.toString()}`,
      key: transferKey(request),
      source,
      block: request.block,
      atMs: await askTime(request.block),
      timeoutMs: Number(request.timeoutMs),
      decided: receipts.get(transferKey(request)) ?? null,
    })),
  );
  return { undecided, more: open.length - listed.length };
};

/** Asks every chain of a world for its tip, its frozen pairs, its plugin's account and what it has open. A chain that does not answer is silent. */
export const readChainsState = async (powers: OperatorPowers, saved: SavedWorld, dataDir: string): Promise<ChainsState> => {
  const asked = await Promise.all(saved.chains.map(async (chain) => readChain(powers, saved, chain, dataDir).catch(() => null)));
  const reads = asked.filter((each) => each !== null);
  const open = await undecidedOf(powers, reads).catch(() => ({ undecided: [], more: 0 }));
  return {
    chains: reads.map(({ state }) => state),
    silent: saved.chains.map(({ name }) => name).filter((_, at) => asked[at] === null),
    ...open,
  };
};
