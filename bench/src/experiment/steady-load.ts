import { fromHex } from "@crossguardian/kernel";
import { followWorld, peersOf, percentile, signRaw, vaultOf, type World } from "@crossguardian/world";
import { type Hex } from "viem";

import { lockCall } from "../lock-call.ts";
import { watchSettled } from "../watch-settled.ts";

/** A pair of chains and its direction. */
export type Route = { readonly from: string; readonly to: string };
/** What became of the transfers sent in a stretch of time. */
export type Served = {
  readonly sent: number;
  /** Settled in that stretch, whenever they were sent, per second. */
  readonly settledPerS: number;
  /** Of those sent in that stretch: settled within {@link IN_TIME_MS}, 0 to 1. */
  readonly inTime: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

/** Later than this a transfer counts as not served, in ms: some six times what one takes on a gateway at work. */
const IN_TIME_MS = 5_000;

/** Transfers sent at a constant rate over every pair, whatever the gateways do with them. */
export type SteadyLoad = {
  /** Transfers per second over all pairs from now on. */
  readonly setRate: (perSecond: number) => void;
  readonly nowMs: () => number;
  /** Stops sending, and waits until everything is settled. False: something was still open at the deadline. */
  readonly drain: (deadlineMs: number) => Promise<boolean>;
  /** What was served between two times on the pairs that `isOf` chooses. After `drain`. */
  readonly served: (fromMs: number, toMs: number, isOf: (route: Route) => boolean) => Served;
  /** Time of the first settlement of a transfer sent after a time; null: there was none. */
  readonly firstServedAfter: (sentMs: number, isOf: (route: Route) => boolean) => number | null;
  readonly open: () => number;
};

const TICK_MS = 50;
const SETTLE_POLL_MS = 50;
/** In a row; nothing is missed by one, the next one asks for the same blocks. */
const MOST_FAILED_POLLS = 4;
const AMOUNT = 10n ** 15n;
const TIMEOUT_MS = 600_000n;
const GAS_PRICE_WEI = 3_000_000_000n;

type Lane = { readonly chain: string; readonly raws: readonly Hex[]; readonly routes: readonly Route[]; at: number };
type Sent = { readonly route: Route; readonly sentMs: number };

const signLanes = async (world: World, count: number): Promise<Lane[]> => {
  const user = world.users[0];
  if (user === undefined) throw new Error("no user account");
  return Promise.all(
    [...world.chains.values()].map(async (plan) => {
      const peers = peersOf(world.topology, plan.name);
      const vault = world.deployments.get(plan.name)?.vault ?? "0x";
      const nonce = Number(await world.rpcs.get(plan.name)?.call<Hex>("eth_getTransactionCount", [user.address, "pending"]));
      const routes = Array.from({ length: count }, (_, at) => ({ from: plan.name, to: peers[at % peers.length] ?? "" }));
      const calls = new Map(peers.map((peer) => [peer, lockCall(vault, world.hashes.serviceKey(vaultOf(peer)), user.address, AMOUNT, TIMEOUT_MS)]));
      const raws = signRaw(world.crypto, fromHex(user.privateKey), plan.numericId, nonce, GAS_PRICE_WEI, routes.flatMap(({ to }) => calls.get(to) ?? []));
      return { chain: plan.name, raws, routes, at: 0 };
    }),
  );
};

/** Starts the load at rate 0. `most` transfers per chain are signed before, because signing is not part of what is measured. */
export const startLoad = async (world: World, most: number): Promise<SteadyLoad> => {
  const lanes = await signLanes(world, most);
  const pairs = lanes.reduce((sum, { chain }) => sum + peersOf(world.topology, chain).length, 0);
  const readSettled = await watchSettled(world);
  const sent = new Map<string, Sent>();
  const settled = new Map<string, number>();
  const requests = followWorld(world);
  const state = { rate: 0, isOver: false, isDone: false };
  const nowMs = (): number => Date.now();

  const sendSome = async (lane: Lane, count: number): Promise<void> => {
    const raws = lane.raws.slice(lane.at, lane.at + count);
    const routes = lane.routes.slice(lane.at, lane.at + count);
    lane.at += raws.length;
    if (raws.length === 0) return;
    const sentMs = nowMs();
    const hashes = await world.rpcs.get(lane.chain)?.batch<Hex>(raws.map((raw) => ({ method: "eth_sendRawTransaction", params: [raw] })));
    hashes?.forEach((hash, at) => {
      const route = routes[at];
      if (route !== undefined) sent.set(`${lane.chain}-${hash}`, { route, sentMs });
    });
  };
  const sending = (async () => {
    let last = performance.now();
    const owed = new Map(lanes.map(({ chain }) => [chain, 0]));
    while (!state.isOver) {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      const seconds = (performance.now() - last) / 1_000;
      last = performance.now();
      await Promise.all(lanes.map(async (lane) => {
        const due = (owed.get(lane.chain) ?? 0) + (state.rate * seconds * peersOf(world.topology, lane.chain).length) / pairs;
        const whole = Math.floor(due);
        owed.set(lane.chain, due - whole);
        if (whole > 0) await sendSome(lane, whole);
      }));
    }
  })();
  const polling = (async () => {
    for (let failures = 0; !state.isDone; ) {
      try {
        for (const { key, isSuccess } of await readSettled()) if (isSuccess && !settled.has(key)) settled.set(key, nowMs());
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures >= MOST_FAILED_POLLS) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, SETTLE_POLL_MS));
    }
  })();

  // Whoever drains is told; before that nobody is, also when the world ends under the load.
  for (const work of [sending, polling]) work.catch(() => undefined);

  type Line = Sent & { readonly settledMs: number | null };
  const lines = (isOf: (route: Route) => boolean): readonly Line[] =>
    [...requests.requests].flatMap(([key, request]) => {
      const one = sent.get(`${request.chain}-${request.transaction}`);
      return one === undefined || !isOf(one.route) ? [] : [{ ...one, settledMs: settled.get(key) ?? null }];
    });

  return {
    setRate: (perSecond) => (state.rate = perSecond),
    nowMs,
    drain: async (deadlineMs) => {
      state.isOver = true;
      await sending;
      const until = performance.now() + deadlineMs;
      while (settled.size < sent.size && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, SETTLE_POLL_MS));
      state.isDone = true;
      await polling;
      await requests.poll();
      return settled.size >= sent.size;
    },
    served: (fromMs, toMs, isOf) => {
      const all = lines(isOf);
      const mine = all.filter(({ sentMs }) => sentMs >= fromMs && sentMs < toMs);
      const latencies = mine.flatMap(({ sentMs, settledMs }) => (settledMs === null ? [] : [settledMs - sentMs])).sort((left, right) => left - right);
      const settledThen = all.filter(({ settledMs }) => settledMs !== null && settledMs >= fromMs && settledMs < toMs).length;
      return {
        sent: mine.length,
        settledPerS: Math.round((settledThen * 10_000) / Math.max(1, toMs - fromMs)) / 10,
        inTime: latencies.filter((each) => each <= IN_TIME_MS).length / Math.max(1, mine.length),
        p50Ms: percentile(latencies, 50),
        p99Ms: percentile(latencies, 99),
      };
    },
    firstServedAfter: (sentMs, isOf) => {
      const times = lines(isOf).filter((line) => line.sentMs >= sentMs).flatMap(({ settledMs }) => settledMs ?? []);
      return times.length === 0 ? null : Math.min(...times);
    },
    open: () => sent.size - settled.size,
  };
};
