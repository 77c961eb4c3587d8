import { gatewayAbi } from "@crossguardian/contracts-evm";
import { type ChainPlan, kindOfPlan, makeRpc, type Rpc, transferKey, type World } from "@crossguardian/world";
import { decodeEventLog, encodeEventTopics, type Hex } from "viem";

import { type Miner } from "../mine-by-turns.ts";
import { openChain } from "../open-chain.ts";
import { pollAccess } from "./poll-access.ts";
import { type SeenEvent } from "./seen-event.ts";

/** A transfer that was requested and is not settled, as far as the chains show. */
export type OpenTransfer = { readonly request: SeenEvent; readonly isDecided: boolean };

/** Follows the heads of all chains, without waiting for depth. */
export type ChainWatch = {
  readonly open: () => readonly OpenTransfer[];
  readonly requested: () => number;
  readonly settled: () => number;
  /** Settlements with success since a moment, oldest first. */
  readonly commitsSince: (atMs: number) => readonly SeenEvent[];
  readonly of: (key: string) => readonly SeenEvent[];
  /** Transfers that the chains now show as decided or settled more than once. */
  readonly doubled: () => number;
  /** Called for each event once, when it is first seen. */
  readonly onEvent: (listener: (event: SeenEvent) => void) => () => void;
  readonly stop: () => Promise<void>;
};

type RawLog = { readonly topics: readonly Hex[]; readonly data: Hex; readonly blockNumber: Hex; readonly blockHash: Hex; readonly logIndex: Hex; readonly transactionHash: Hex };

const POLL_MS = 60;
/** A chain of which no block is made is read all the same after this time, in ms. */
const QUIET_POLL_MS = 500;
const CALL_DEADLINE_MS = 3_000;
/** Blocks that are read again each time where blocks may be replaced. */
export const READ_AGAIN_BLOCKS = 8;
const STATUS_SUCCESS = 3;
const TOPICS = (["Request", "Receipt", "Settled"] as const).map((eventName) => encodeEventTopics({ abi: gatewayAbi, eventName })[0]);

const decode = (chain: string, log: RawLog): SeenEvent | null => {
  const { eventName, args } = decodeEventLog({ abi: gatewayAbi, data: log.data, topics: [...log.topics] as [Hex, ...Hex[]] }); // viem wants a mutable tuple
  if (eventName !== "Request" && eventName !== "Receipt" && eventName !== "Settled") return null;
  return {
    name: eventName, chain, key: transferKey(args), from: args.from, to: args.to, index: args.index, status: "status" in args ? args.status : 0,
    block: Number(log.blockNumber), transaction: log.transactionHash, atMs: performance.now(),
  };
};

/** What the chains show of one transfer now. */
type State = { request: SeenEvent | null; receipt: SeenEvent | null; settled: SeenEvent | null; readonly standing: Set<SeenEvent>; readonly seen: SeenEvent[] };

const FIELD = { Request: "request", Receipt: "receipt", Settled: "settled" } as const;

/** Transfers by key, and which of them are open. */
const makeStates = () => {
  const states = new Map<string, State>();
  const open = new Map<string, State>();
  const doubled = new Set<string>();
  const counts = { Request: 0, Receipt: 0, Settled: 0 };
  const stateOf = (key: string): State => {
    let state = states.get(key);
    if (state === undefined) {
      state = { request: null, receipt: null, settled: null, standing: new Set(), seen: [] };
      states.set(key, state);
    }
    return state;
  };
  const place = (key: string, state: State): void => {
    if (state.request !== null && state.settled === null) open.set(key, state);
    else open.delete(key);
    const names = [...state.standing].map(({ name }) => name);
    if (new Set(names).size < names.length) doubled.add(key);
    else doubled.delete(key);
  };
  return {
    open,
    doubled,
    counts,
    of: (key: string) => states.get(key),
    add: (event: SeenEvent): void => {
      const state = stateOf(event.key);
      state.seen.push(event);
      state.standing.add(event);
      state[FIELD[event.name]] = event;
      counts[event.name] += 1;
      place(event.key, state);
    },
    remove: (event: SeenEvent): void => {
      const state = stateOf(event.key);
      state.standing.delete(event);
      if (state[FIELD[event.name]] === event) state[FIELD[event.name]] = null;
      counts[event.name] -= 1;
      place(event.key, state);
    },
  };
};

type Reports = { readonly readAgainBlocks: number; readonly add: (event: SeenEvent) => void; readonly remove: (event: SeenEvent) => void };

const pollerOf = (chain: string, rpc: Rpc, gateway: Hex, { add, remove, readAgainBlocks }: Reports): (() => Promise<void>) => {
  const recent = new Map<string, SeenEvent>();
  let from = 1;
  return async () => {
    const logs = await rpc.call<readonly RawLog[]>("eth_getLogs", [{ address: gateway, fromBlock: `0x${from.toString(16)}`, toBlock: "latest", topics: [TOPICS] }]);
    const found = new Set<string>();
    let highest = 0;
    for (const log of logs) {
      const id = `${log.blockHash}/${log.logIndex}`;
      found.add(id);
      highest = Math.max(highest, Number(log.blockNumber));
      const event = recent.has(id) ? null : decode(chain, log);
      if (event === null) continue;
      recent.set(id, event);
      add(event);
    }
    for (const [id, event] of recent) {
      if (found.has(id)) continue;
      recent.delete(id);
      if (event.block >= from) remove(event); // its block was replaced
    }
    from = Math.max(from, highest - readAgainBlocks);
  };
};

/** Begins to watch the chains of a world: each is read when a block of it is made, or now and then where nobody says so, with so many blocks before the newest. */
export const watchChains = (world: World, miner: Pick<Miner, "made" | "more"> | null, readAgainBlocks: number): ChainWatch => {
  const states = makeStates();
  const commits: SeenEvent[] = [];
  const listeners = new Set<(event: SeenEvent) => void>();
  let isStopped = false;
  const reports: Reports = {
    readAgainBlocks,
    add: (event) => {
      states.add(event);
      if (event.name === "Settled" && event.status === STATUS_SUCCESS) commits.push(event);
      for (const listener of listeners) listener(event);
    },
    remove: states.remove,
  };
  const pollOf = (plan: ChainPlan): (() => Promise<void>) =>
    kindOfPlan(plan) === "evm"
      ? pollerOf(plan.name, makeRpc(plan.url, CALL_DEADLINE_MS), world.deployments.get(plan.name)?.gateway ?? "0x", reports)
      : pollAccess(openChain(world, plan), reports.add);
  const loops = [...world.chains.values()].map(async (plan) => {
    const { name } = plan;
    const poll = pollOf(plan);
    while (!isStopped) {
      const blocks = miner?.made(name) ?? 0;
      await poll().catch(() => undefined); // the chain is being hit; the next poll reads what this one missed
      if (miner === null || kindOfPlan(plan) !== "evm") await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      else await miner.more(name, blocks, QUIET_POLL_MS);
    }
  });
  return {
    open: () => [...states.open.values()].flatMap(({ request, receipt }) => (request === null ? [] : [{ request, isDecided: receipt !== null }])),
    doubled: () => states.doubled.size,
    requested: () => states.counts.Request,
    settled: () => states.counts.Settled,
    commitsSince: (atMs) => {
      let at = commits.length;
      while (at > 0 && (commits[at - 1]?.atMs ?? 0) >= atMs) at -= 1;
      return commits.slice(at);
    },
    of: (key) => states.of(key)?.seen ?? [],
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: async () => {
      isStopped = true;
      await Promise.all(loops);
    },
  };
};
