import { randomBytes } from "node:crypto";

import { utf8 } from "@crossguardian/kernel";
import { encodeMessage, privateCall } from "@crossguardian/wire";
import { type ChainPlan, handInBody, kindOfPlan, peersOf, type World } from "@crossguardian/world";

import { openChain } from "../open-chain.ts";
import { type ChainWatch } from "../watch/chain-watch.ts";
import { accessLane } from "./access-lane.ts";
import { evmLane } from "./evm-lane.ts";
import { type CountSent, type Lane, type LoadKind } from "./lane.ts";

/** Load that runs until it is stopped. */
export type Load = { readonly stop: () => Promise<void>; readonly sent: () => Readonly<Record<LoadKind, number>> };

/** How much is sent. */
export type LoadRate = {
  /** Time between two rounds of a chain, in ms. */
  readonly everyMs: number;
  /** Asset transfers of a round to each peer. */
  readonly assets: number;
  /** Open transfers of a chain above which a round is left out. */
  readonly maxOpen: number;
  /** Rounds begin at even distances, whether the chain has taken those before or not, as far as so many are under way; 1: each after the one before. */
  readonly atOnce: number;
};

const TIMEOUT_MS = 90_000n;
const BODY_TIMEOUT_MS = 30_000n;
const SHORT_MS = 4_000n;
const MIN_GAP_MS = 10;
/** Rounds between two transfers of a kind that is not the usual one. */
const EVERY = { short: 17, retrieval: 11, failing: 23, silent: 57 } as const;

type Sending = { readonly world: World; readonly chain: string; readonly lane: Lane };

const privateGet = (world: World): { readonly bodyHash: Uint8Array; readonly body: Uint8Array } => {
  const salt = new Uint8Array(randomBytes(32));
  const args = [utf8("weather")];
  return { bodyHash: world.hashes.bodyHash({ func: "get", args, salt }), body: encodeMessage(privateCall, { salt, func: "get", args }) };
};

/** A private retrieval: its body is handed in first, which takes as long as the gateway takes, and keeps nothing else from being sent. */
const retrieve = async ({ world, chain, lane }: Sending, peer: string): Promise<void> => {
  const { bodyHash, body } = privateGet(world);
  await handInBody(world, chain, { bodyHash, body });
  await lane.get("retrieval", peer, bodyHash, BODY_TIMEOUT_MS);
};

/** One round of a chain. */
const round = async (sending: Sending, number: number, assets: number): Promise<void> => {
  const { world, chain, lane } = sending;
  const peers = peersOf(world.topology, chain);
  const peer = peers[number % peers.length];
  if (peer === undefined) return;
  const due = (every: number): boolean => number % every === 0;
  if (due(EVERY.retrieval)) retrieve(sending, peer).catch(() => undefined); // a body that is not taken is left out
  await lane.assets("asset", peers.flatMap((each) => Array.from({ length: assets }, () => each)), TIMEOUT_MS);
  if (due(EVERY.short)) await lane.assets("short", [peer], SHORT_MS);
  if (due(EVERY.failing)) await lane.fail("failing", peer, TIMEOUT_MS);
  if (due(EVERY.silent)) await lane.get("silent", peer, privateGet(world).bodyHash, SHORT_MS);
};

/** Accounts that the load needs. */
export const LOAD_USERS = 1;

/** Rounds of one chain until it is stopped; a round that fails is left out: what hits the world hits its users too. */
const sendRounds = async (sending: Sending, watch: ChainWatch, rate: LoadRate, isStopped: () => boolean): Promise<void> => {
  const underWay = new Set<Promise<void>>();
  let dueMs = performance.now();
  for (let number = 0; !isStopped(); number += 1) {
    const open = watch.open().filter(({ request }) => request.chain === sending.chain).length;
    if (open < rate.maxOpen) {
      const begun = round(sending, number, rate.assets)
        .catch(() => undefined)
        .finally(() => underWay.delete(begun));
      underWay.add(begun);
      if (underWay.size >= rate.atOnce) await Promise.race(underWay);
    }
    const now = performance.now();
    // What is late is not made up for: that would come in one heap.
    dueMs = Math.max(dueMs + rate.everyMs, now + MIN_GAP_MS);
    await new Promise((resolve) => setTimeout(resolve, dueMs - now));
  }
  await Promise.all(underWay);
};

/** Begins to send on every chain. */
export const runLoad = (world: World, watch: ChainWatch, rate: LoadRate): Load => {
  const sent: Record<LoadKind, number> = { asset: 0, short: 0, retrieval: 0, failing: 0, silent: 0 };
  const countSent: CountSent = (kind, count) => {
    sent[kind] += count;
  };
  let isStopped = false;
  const laneOf = (plan: ChainPlan): Lane =>
    kindOfPlan(plan) === "evm" ? evmLane(world, plan, { user: 0, isCounted: rate.atOnce > 1 }, countSent) : accessLane(openChain(world, plan), countSent);
  const loops = [...world.chains.values()].map(async (plan) => sendRounds({ world, chain: plan.name, lane: laneOf(plan) }, watch, rate, () => isStopped));
  return {
    sent: () => ({ ...sent }),
    stop: async () => {
      isStopped = true;
      await Promise.all(loops);
    },
  };
};
