import { CodedError, fromHex } from "@crossguardian/kernel";
import { dataOf, followWorld, signRaw, vaultOf, type World } from "@crossguardian/world";
import { type Hex } from "viem";

import { lockCall, urgentCall } from "./lock-call.ts";
import { watchProcesses } from "./watch-processes.ts";
import { watchSettled } from "./watch-settled.ts";

/** What a stretch of load did: transfers committed, wall time, CPU time by group of processes. */
export type Stretch = { readonly committed: number; readonly seconds: number; readonly cpuMs: ReadonlyMap<string, number> };

/** A world under load: transfers both ways, kept at a bounded number of open ones. */
export type LoadedWorld = {
  /**
   * Sends for a while, then waits until everything is settled: what was committed and the CPU time of exactly that.
   * @throws cli.demo.unfinished when something is still open after the deadline
   */
  readonly burst: (ms: number) => Promise<Stretch>;
  /** Keeps the load up for a while; counts what the chains show as committed in that time. */
  readonly sustain: (ms: number) => Promise<Stretch>;
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** Stops sending and waits until everything is settled. */
  readonly drain: (deadlineMs: number) => Promise<boolean>;
  /** From sending to seeing the commit, ascending, of everything sent since the last `forget`; of urgent requests alone, or of all others. */
  readonly latenciesMs: (isUrgent?: boolean) => Promise<readonly number[]>;
  /** Later latencies leave out what was sent before. */
  readonly forget: () => void;
};

const BATCH = 100;
const POLL_MS = 200;
const AMOUNT = 10n ** 15n;
const TIMEOUT_MS = 600_000n;
const GAS_PRICE_WEI = 3_000_000_000n;
const BURST_DRAIN_DEADLINE_MS = 60_000;

type Lane = { readonly chain: string; readonly raws: readonly Hex[]; at: number };

/** Whether the call of this number of a lane is an urgent one. */
const isUrgentAt = (at: number, urgentOf: number | null): boolean => urgentOf !== null && at % urgentOf === urgentOf - 1;

const signLanes = async (world: World, perChain: number, urgentOf: number | null): Promise<Lane[]> => {
  const user = world.users[0];
  if (user === undefined) throw new Error("no user account");
  return Promise.all(
    [...world.chains.values()].map(async (plan, _, all) => {
      const peer = all.find((each) => each.gateway !== plan.gateway);
      const rpc = world.rpcs.get(plan.name);
      const contracts = world.deployments.get(plan.name);
      if (peer === undefined || rpc === undefined || contracts === undefined) throw new Error("two gateways are needed");
      const call = lockCall(contracts.vault, world.hashes.serviceKey(vaultOf(peer.name)), user.address, AMOUNT, TIMEOUT_MS);
      const nonce = Number(await rpc.call<Hex>("eth_getTransactionCount", [user.address, "pending"]));
      const urgent = urgentCall(contracts.data, world.hashes.serviceKey(dataOf(peer.name)), TIMEOUT_MS);
      const calls = Array.from({ length: perChain }, (_, at) => (isUrgentAt(at, urgentOf) ? urgent : call));
      return { chain: plan.name, raws: signRaw(world.crypto, fromHex(user.privateKey), plan.numericId, nonce, GAS_PRICE_WEI, calls), at: 0 };
    }),
  );
};

/**
 * Puts a world under load; `open` is how many transfers are kept undecided, `forMs` how long it will send at most:
 * everything is signed before, because signing is not part of what is measured. One of so many as `urgentOf` says is an urgent question; null: none.
 */
export const loadWorld = async (world: World, open: number, forMs: number, urgentOf: number | null = null): Promise<LoadedWorld> => {
  const { cpuMs: cpu, signal } = await watchProcesses(world);
  const lanes = await signLanes(world, Math.ceil(forMs / POLL_MS) * BATCH, urgentOf);
  const readSettled = await watchSettled(world);
  const sentAt = new Map<string, { readonly ms: number; readonly isUrgent: boolean }>();
  const settledAt = new Map<string, number>();
  let sent = 0;
  let pausedMs = 0;
  let frozenSince: number | null = null;
  const clock = (): number => performance.now() - pausedMs;

  const sendSome = async (lane: Lane): Promise<void> => {
    const first = lane.at;
    const raws = lane.raws.slice(first, first + BATCH);
    if (raws.length === 0) return;
    lane.at += raws.length;
    const rpc = world.rpcs.get(lane.chain);
    const hashes = await rpc?.batch<Hex>(raws.map((raw) => ({ method: "eth_sendRawTransaction", params: [raw] })));
    const ms = clock();
    hashes?.forEach((hash, at) => sentAt.set(`${lane.chain}-${hash}`, { ms, isUrgent: isUrgentAt(first + at, urgentOf) }));
    sent += raws.length;
  };

  let committed = 0;
  const poll = async (): Promise<void> => {
    const settled = await readSettled();
    const now = clock();
    for (const { key, isSuccess } of settled) {
      if (settledAt.has(key)) continue;
      settledAt.set(key, now);
      if (isSuccess) committed += 1;
    }
  };

  const send = async (ms: number): Promise<void> => {
    const started = performance.now();
    while (performance.now() - started < ms) {
      const round = performance.now();
      for (const lane of lanes) if (sent - settledAt.size < open) await sendSome(lane);
      const restMs = POLL_MS - (performance.now() - round);
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
      await poll();
    }
  };
  const drain = async (deadlineMs: number): Promise<boolean> => {
    const until = performance.now() + deadlineMs;
    while (settledAt.size < sent && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      await poll();
    }
    return settledAt.size >= sent;
  };
  const stretch = async (run: () => Promise<void>): Promise<Stretch> => {
    await poll();
    const before = committed;
    const cpuBefore = cpu();
    const started = performance.now();
    await run();
    const seconds = (performance.now() - started) / 1000;
    const cpuMs = new Map([...cpu()].map(([group, used]) => [group, used - (cpuBefore.get(group) ?? 0)]));
    return { committed: committed - before, seconds, cpuMs };
  };

  return {
    burst: async (ms) =>
      stretch(async () => {
        await send(ms);
        if (!(await drain(BURST_DRAIN_DEADLINE_MS))) {
          throw new CodedError("cli.demo.unfinished", { committed: settledAt.size, requested: sent });
        }
      }),
    sustain: async (ms) => stretch(async () => send(ms)),
    freeze: () => {
      signal("SIGSTOP");
      frozenSince = performance.now();
    },
    thaw: () => {
      if (frozenSince !== null) pausedMs += performance.now() - frozenSince;
      frozenSince = null;
      signal("SIGCONT");
    },
    drain,
    latenciesMs: async (isUrgent = false) => {
      const follower = followWorld(world);
      await follower.poll();
      const all: number[] = [];
      for (const [key, request] of follower.requests) {
        const from = sentAt.get(`${request.chain}-${request.transaction}`);
        const to = settledAt.get(key);
        if (from?.isUrgent === isUrgent && to !== undefined) all.push(to - from.ms);
      }
      return all.sort((left, right) => left - right);
    },
    forget: () => sentAt.clear(),
  };
};
