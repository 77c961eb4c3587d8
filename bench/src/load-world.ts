import { fromHex } from "@crossguardian/kernel";
import { type Follower, followWorld, vaultOf, type World } from "@crossguardian/world";
import { type Hex } from "viem";

import { cpuMsOf } from "./cpu-time.ts";
import { lockCall } from "./lock-call.ts";
import { signRaw } from "./raw-transactions.ts";

/** A process of a world, for CPU accounting and freezing. */
export type WorldProcess = { readonly pid: number; readonly group: string };

/** A world under load: transfers both ways, kept at a bounded number of open ones. */
export type LoadedWorld = {
  readonly processes: readonly WorldProcess[];
  /** Runs the load for a while; counts what the chains show as committed in that time. */
  readonly slice: (ms: number) => Promise<{ readonly committed: number; readonly seconds: number; readonly cpuMs: ReadonlyMap<string, number> }>;
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** Stops sending and waits until everything is settled. */
  readonly drain: (deadlineMs: number) => Promise<boolean>;
  readonly latenciesMs: () => readonly number[];
  readonly follower: Follower;
};

const BATCH = 100;
const POLL_MS = 200;
const AMOUNT = 10n ** 15n;
const TIMEOUT_MS = 600_000n;
const GAS_PRICE_WEI = 3_000_000_000n;
const SUCCESS = 3;
/** Transactions signed ahead: signing is not part of what is measured. */
const SIGNED_AHEAD = 24_000;

type Lane = { readonly chain: string; readonly raws: readonly Hex[]; at: number };

const processesOf = async (world: World): Promise<readonly WorldProcess[]> => {
  const all: WorldProcess[] = [
    ...[...world.nodes].map(([, node]) => ({ pid: node.pid, group: "chain" })),
    { pid: world.proxies.pid, group: "proxies" },
  ];
  for (const house of world.houses.values()) {
    all.push({ pid: house.pid, group: "launcher" });
    const domains = await house.domains();
    all.push(...domains.map((domain) => ({ pid: domain.pid ?? 0, group: domain.kind })));
  }
  return all.filter((each) => each.pid > 0);
};

const signLanes = async (world: World, perChain: number): Promise<Lane[]> => {
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
      const calls = Array.from({ length: perChain }, () => call);
      return { chain: plan.name, raws: signRaw(world.crypto, fromHex(user.privateKey), plan.numericId, nonce, GAS_PRICE_WEI, calls), at: 0 };
    }),
  );
};

/** Puts a world under load; `open` is how many transfers are kept undecided. */
export const loadWorld = async (world: World, open: number): Promise<LoadedWorld> => {
  const processes = await processesOf(world);
  const lanes = await signLanes(world, SIGNED_AHEAD);
  const follower = followWorld(world);
  const sentAt = new Map<string, number>();
  const settledAt = new Map<string, number>();
  let sent = 0;
  let pausedMs = 0;
  let frozenSince: number | null = null;
  const clock = (): number => performance.now() - pausedMs;

  const sendSome = async (lane: Lane): Promise<void> => {
    const raws = lane.raws.slice(lane.at, lane.at + BATCH);
    if (raws.length === 0) return;
    lane.at += raws.length;
    const rpc = world.rpcs.get(lane.chain);
    const hashes = await rpc?.batch<Hex>(raws.map((raw) => ({ method: "eth_sendRawTransaction", params: [raw] })));
    const now = clock();
    for (const hash of hashes ?? []) sentAt.set(`${lane.chain}-${hash}`, now);
    sent += raws.length;
  };

  const poll = async (): Promise<void> => {
    await follower.poll();
    const now = clock();
    for (const key of follower.settled.keys()) if (!settledAt.has(key)) settledAt.set(key, now);
  };

  const committed = (): number => {
    let count = 0;
    for (const [first] of follower.settled.values()) if (first?.status === SUCCESS) count += 1;
    return count;
  };

  const cpu = (): Map<string, number> => {
    const byGroup = new Map<string, number>();
    for (const { pid, group } of processes) byGroup.set(group, (byGroup.get(group) ?? 0) + cpuMsOf(pid));
    return byGroup;
  };

  const signalAll = (name: "SIGSTOP" | "SIGCONT"): void => {
    for (const { pid } of processes) {
      try {
        process.kill(pid, name);
      } catch {
        continue; // it ended; the count of committed transfers will show it
      }
    }
  };

  return {
    processes,
    follower,
    slice: async (ms) => {
      await poll();
      const before = committed();
      const cpuBefore = cpu();
      const started = performance.now();
      while (performance.now() - started < ms) {
        const round = performance.now();
        for (const lane of lanes) if (sent - settledAt.size < open) await sendSome(lane);
        if (performance.now() - round < POLL_MS) await new Promise((resolve) => setTimeout(resolve, POLL_MS - (performance.now() - round)));
        await poll();
      }
      const seconds = (performance.now() - started) / 1000;
      const after = cpu();
      return {
        committed: committed() - before,
        seconds,
        cpuMs: new Map([...after].map(([group, used]) => [group, used - (cpuBefore.get(group) ?? 0)])),
      };
    },
    freeze: () => {
      signalAll("SIGSTOP");
      frozenSince = performance.now();
    },
    thaw: () => {
      if (frozenSince !== null) pausedMs += performance.now() - frozenSince;
      frozenSince = null;
      signalAll("SIGCONT");
    },
    drain: async (deadlineMs) => {
      const until = performance.now() + deadlineMs;
      while (settledAt.size < sent && performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        await poll();
      }
      return settledAt.size >= sent;
    },
    latenciesMs: () => {
      const all: number[] = [];
      for (const [key, request] of follower.requests) {
        const from = sentAt.get(`${request.chain}-${request.transaction}`);
        const to = settledAt.get(key);
        if (from !== undefined && to !== undefined) all.push(to - from);
      }
      return all.sort((left, right) => left - right);
    },
  };
};
