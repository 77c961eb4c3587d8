import { dataServiceAbi } from "@crossguardian/contracts-evm";
import { fromHex, to0x, utf8 } from "@crossguardian/kernel";
import { type ChainPlan, dataOf, lockDraft, makeRpc, type RawCall, signRaw, type World } from "@crossguardian/world";
import { encodeFunctionData, type Hex } from "viem";

import { makeNonces } from "./nonces.ts";
import { type CountSent, type Lane, type LoadKind, makeTurns } from "./lane.ts";

const GAS = 400_000n;
const GAS_PRICE_WEI = 20_000_000_000n;
const CALL_DEADLINE_MS = 5_000;

/** How an account sends: `isCounted` counts the nonces here and sends without waiting for the answer before. */
export type EvmSending = { readonly user: number; readonly isCounted: boolean };

/** One account of an EVM chain, whose transactions come to the chain in the order of these calls. */
export const evmLane = (world: World, { name: chain, url, numericId }: ChainPlan, { user, isCounted }: EvmSending, sent: CountSent): Lane => {
  const rpc = makeRpc(url, CALL_DEADLINE_MS);
  const inTurn = makeTurns();
  const account = world.users[user];
  const onTheirWay = new Set<Promise<void>>();
  const nonces = makeNonces(async () => {
    // What is on its way may still come: asked before, the chain would name nonces that are taken.
    await Promise.allSettled(onTheirWay);
    return Number(await rpc.call<Hex>("eth_getTransactionCount", [account?.address, "pending"]));
  }, isCounted);
  const keyOf = (peer: string): Hex => to0x(world.hashes.serviceKey(dataOf(peer)));
  const dataCall = (data: Hex): RawCall => ({ to: world.deployments.get(chain)?.data ?? "0x", data, gas: GAS });
  const lockCall = (peer: string, timeoutMs: bigint): RawCall => {
    const { to, data } = lockDraft(world, chain, peer, timeoutMs);
    return { to: to ?? "0x", data, gas: GAS };
  };

  const post = async (raws: readonly Hex[]): Promise<void> => {
    try {
      await rpc.batch<Hex>(raws.map((raw) => ({ method: "eth_sendRawTransaction", params: [raw] })));
    } catch (error) {
      nonces.lost();
      throw error;
    }
  };

  const send = async (kind: LoadKind, calls: readonly RawCall[]): Promise<void> => {
    if (account === undefined || calls.length === 0) return;
    const { posting } = await inTurn(async () => {
      const nonce = await nonces.take(calls.length);
      const started = post(signRaw(world.crypto, fromHex(account.privateKey), numericId, nonce, GAS_PRICE_WEI, calls));
      onTheirWay.add(started);
      started.catch(() => undefined).finally(() => onTheirWay.delete(started)); // whoever awaits it sees the failure
      if (!isCounted) await started;
      return { posting: started };
    });
    await posting;
    sent(kind, calls.length);
  };

  return {
    assets: async (kind, peers, timeoutMs) => send(kind, peers.map((peer) => lockCall(peer, timeoutMs))),
    get: async (kind, peer, bodyHash, timeoutMs) =>
      send(kind, [dataCall(encodeFunctionData({ abi: dataServiceAbi, functionName: "get", args: [keyOf(peer), to0x(bodyHash), timeoutMs] }))]),
    fail: async (kind, peer, timeoutMs) =>
      send(kind, [dataCall(encodeFunctionData({ abi: dataServiceAbi, functionName: "callPublic", args: [keyOf(peer), "explode", to0x(utf8("weather")), timeoutMs] }))]),
  };
};
