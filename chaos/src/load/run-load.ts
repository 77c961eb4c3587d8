import { randomBytes } from "node:crypto";

import { dataServiceAbi } from "@crossguardian/contracts-evm";
import { fromHex, to0x, utf8 } from "@crossguardian/kernel";
import { encodeMessage, privateCall } from "@crossguardian/wire";
import { dataOf, handInBody, lockDraft, makeRpc, peersOf, type RawCall, type Rpc, signRaw, type World } from "@crossguardian/world";
import { encodeFunctionData, type Hex } from "viem";

import { type ChainWatch } from "../watch/chain-watch.ts";

/** Load that runs until it is stopped. */
export type Load = { readonly stop: () => Promise<void>; readonly sent: () => Readonly<Record<LoadKind, number>> };

/** Kinds of transfers. "short" assets have a timeout that an outage exceeds; "silent" ones never hand in their body and time out. */
export type LoadKind = "asset" | "short" | "retrieval" | "failing" | "silent";

/** How much is sent. */
export type LoadRate = {
  /** Time between two rounds of a chain, in ms. */
  readonly everyMs: number;
  /** Asset transfers of a round to each peer. */
  readonly assets: number;
  /** Open transfers of a chain above which a round is left out. */
  readonly maxOpen: number;
};

const GAS = 400_000n;
const GAS_PRICE_WEI = 20_000_000_000n;
const TIMEOUT_MS = 90_000n;
const BODY_TIMEOUT_MS = 30_000n;
const SHORT_MS = 4_000n;
const CALL_DEADLINE_MS = 5_000;
const MIN_GAP_MS = 10;
/** Rounds between two transfers of a kind that is not the usual one. */
const EVERY = { short: 17, retrieval: 11, failing: 23, silent: 57 } as const;

type Lane = { readonly world: World; readonly chain: string; readonly rpc: Rpc; readonly numericId: number; readonly sent: Record<LoadKind, number>; /** The last thing sent, or what became of it. */ last: Promise<void> };

const dataCall = (world: World, chain: string, data: Hex): RawCall => ({ to: world.deployments.get(chain)?.data ?? "0x", data, gas: GAS });

const keyOfPeer = (world: World, peer: string): Hex => to0x(world.hashes.serviceKey(dataOf(peer)));

const privateGet = (world: World, chain: string, peer: string, timeoutMs: bigint): { readonly call: RawCall; readonly bodyHash: Uint8Array; readonly body: Uint8Array } => {
  const salt = new Uint8Array(randomBytes(32));
  const args = [utf8("weather")];
  const bodyHash = world.hashes.bodyHash({ func: "get", args, salt });
  const data = encodeFunctionData({ abi: dataServiceAbi, functionName: "get", args: [keyOfPeer(world, peer), to0x(bodyHash), timeoutMs] });
  return { call: dataCall(world, chain, data), bodyHash, body: encodeMessage(privateCall, { salt, func: "get", args }) };
};

const failingCall = (world: World, chain: string, peer: string): RawCall =>
  dataCall(world, chain, encodeFunctionData({ abi: dataServiceAbi, functionName: "callPublic", args: [keyOfPeer(world, peer), "explode", to0x(utf8("weather")), TIMEOUT_MS] }));

/** Sends calls, one after the other, with the nonces that the chain expects then: a reorganisation may have taken some back. */
const send = async (lane: Lane, kind: LoadKind, calls: readonly RawCall[]): Promise<void> => {
  const { world, rpc, numericId, sent } = lane;
  const account = world.users[0];
  if (account === undefined || calls.length === 0) return;
  const sending = lane.last.then(async () => {
    const nonce = Number(await rpc.call<Hex>("eth_getTransactionCount", [account.address, "pending"]));
    const raws = signRaw(world.crypto, fromHex(account.privateKey), numericId, nonce, GAS_PRICE_WEI, calls);
    await rpc.batch<Hex>(raws.map((raw) => ({ method: "eth_sendRawTransaction", params: [raw] })));
    sent[kind] += calls.length;
  });
  lane.last = sending.catch(() => undefined);
  await sending;
};

const lockCall = (world: World, chain: string, peer: string, timeoutMs: bigint): RawCall => {
  const { to, data } = lockDraft(world, chain, peer, timeoutMs);
  return { to: to ?? "0x", data, gas: GAS };
};

/** A private retrieval: its body is handed in first, which takes as long as the gateway takes, and keeps nothing else from being sent. */
const retrieve = async (lane: Lane, peer: string): Promise<void> => {
  const { world, chain } = lane;
  const { call, bodyHash, body } = privateGet(world, chain, peer, BODY_TIMEOUT_MS);
  await handInBody(world, chain, { bodyHash, body });
  await send(lane, "retrieval", [call]);
};

/** One round of a chain. One account sends all, so that the order of its transactions is known. */
const round = async (lane: Lane, number: number, assets: number): Promise<void> => {
  const { world, chain } = lane;
  const peers = peersOf(world.topology, chain);
  const peer = peers[number % peers.length];
  if (peer === undefined) return;
  const due = (every: number): boolean => number % every === 0;
  if (due(EVERY.retrieval)) retrieve(lane, peer).catch(() => undefined); // a body that is not taken is left out
  await send(lane, "asset", peers.flatMap((each) => Array.from({ length: assets }, () => lockCall(world, chain, each, TIMEOUT_MS))));
  if (due(EVERY.short)) await send(lane, "short", [lockCall(world, chain, peer, SHORT_MS)]);
  if (due(EVERY.failing)) await send(lane, "failing", [failingCall(world, chain, peer)]);
  if (due(EVERY.silent)) await send(lane, "silent", [privateGet(world, chain, peer, SHORT_MS).call]);
};

/** Accounts that the load needs. */
export const LOAD_USERS = 1;

/** Begins to send on every chain. A round that fails is left out: what hits the world hits its users too. */
export const runLoad = (world: World, watch: ChainWatch, rate: LoadRate): Load => {
  const sent: Record<LoadKind, number> = { asset: 0, short: 0, retrieval: 0, failing: 0, silent: 0 };
  let isStopped = false;
  const loops = [...world.chains.values()].map(async ({ name: chain, url, numericId }) => {
    const lane: Lane = { world, chain, rpc: makeRpc(url, CALL_DEADLINE_MS), numericId, sent, last: Promise.resolve() };
    for (let number = 0; !isStopped; number += 1) {
      const beganMs = performance.now();
      const open = watch.open().filter(({ request }) => request.chain === chain).length;
      if (open < rate.maxOpen) await round(lane, number, rate.assets).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, Math.max(MIN_GAP_MS, rate.everyMs - (performance.now() - beganMs))));
    }
  });
  return {
    sent: () => ({ ...sent }),
    stop: async () => {
      isStopped = true;
      await Promise.all(loops);
    },
  };
};
