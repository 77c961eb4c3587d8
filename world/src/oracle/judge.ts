import { vaultAbi, wrappedTokenAbi } from "@crossguardian/contracts-evm";
import { to0x } from "@crossguardian/kernel";
import { decodeFunctionResult, encodeFunctionData, type Hex } from "viem";

import { type World } from "../open-world.ts";
import { peersOf, vaultOf } from "../world.ts";
import { type AssetEffect, headOf, readAssetEffects } from "./chain-facts.ts";
import { type Follower, makeFollower, transferKey } from "./follow-chains.ts";

/** What the chains show, and nothing else: no gateway's book was asked. */
export type Verdict = {
  readonly requests: number;
  readonly committed: number;
  readonly rolledBack: number;
  /** Requests without a Settled event, and settled ones whose destination does not say the same. */
  readonly lost: number;
  /** Second receipts, second settlements, second asset effects, supply that does not match what is locked. */
  readonly duplicated: number;
  /** What is wrong, in words. */
  readonly complaints: readonly string[];
};

const SUCCESS = 3;
const MAX_COMPLAINTS = 20;

const readUint = async (world: World, chain: string, to: Hex, data: Hex, decode: (answer: Hex) => bigint): Promise<bigint> => {
  const rpc = world.rpcs.get(chain);
  if (rpc === undefined) throw new Error(`no endpoint of chain ${chain}`);
  return decode(await rpc.call<Hex>("eth_call", [{ to, data }, "latest"]));
};

const lockedFor = async (world: World, chain: string, peer: string): Promise<bigint> => {
  const vault = world.deployments.get(chain)?.vault ?? "0x";
  const args = [to0x(world.hashes.serviceKey(vaultOf(peer)))] as const;
  return readUint(world, chain, vault, encodeFunctionData({ abi: vaultAbi, functionName: "lockedFor", args }), (answer) =>
    decodeFunctionResult({ abi: vaultAbi, functionName: "lockedFor", data: answer }),
  );
};

const wrappedSupply = async (world: World, chain: string, home: string): Promise<bigint> => {
  const vault = world.deployments.get(chain)?.vault ?? "0x";
  const args = [to0x(world.hashes.serviceKey(vaultOf(home)))] as const;
  const rpc = world.rpcs.get(chain);
  if (rpc === undefined) throw new Error(`no endpoint of chain ${chain}`);
  const token = decodeFunctionResult({
    abi: vaultAbi,
    functionName: "wrapped",
    data: await rpc.call<Hex>("eth_call", [{ to: vault, data: encodeFunctionData({ abi: vaultAbi, functionName: "wrapped", args }) }, "latest"]),
  });
  return readUint(world, chain, token, encodeFunctionData({ abi: wrappedTokenAbi, functionName: "totalSupply" }), (answer) =>
    decodeFunctionResult({ abi: wrappedTokenAbi, functionName: "totalSupply", data: answer }),
  );
};

const assetEffects = async (world: World): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>();
  for (const [chain, rpc] of world.rpcs) {
    const vault = world.deployments.get(chain)?.vault;
    if (vault === undefined) continue;
    const effects: readonly AssetEffect[] = await readAssetEffects(rpc, vault, 1n, await headOf(rpc));
    const to = to0x(world.hashes.serviceKey(vaultOf(chain)));
    for (const effect of effects) {
      const key = transferKey({ from: effect.from, to, index: effect.index });
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
};

/** A follower over all chains of a world. */
export const followWorld = (world: World): Follower =>
  makeFollower(
    [...world.rpcs].map(([name, rpc]) => ({ name, rpc, gateway: world.deployments.get(name)?.gateway ?? "0x" })),
  );

/** Decides from the chains alone whether every transfer ended exactly once. */
export const judgeWorld = async (world: World): Promise<Verdict> => {
  const follower = followWorld(world);
  await follower.poll();
  const effects = await assetEffects(world);
  const vaultKeys = new Set([...world.chains.keys()].map((chain) => to0x(world.hashes.serviceKey(vaultOf(chain)))));
  const complaints: string[] = [];
  let committed = 0;
  let rolledBack = 0;
  let lost = 0;
  let duplicated = 0;
  for (const [key, request] of follower.requests) {
    const settled = follower.settled.get(key) ?? [];
    const receipts = follower.receipts.get(key) ?? [];
    const [first] = settled;
    if (first === undefined) {
      lost += 1;
      complaints.push(`${key} was never settled on ${request.chain}`);
    } else if (receipts[0]?.status !== first.status) {
      lost += 1;
      complaints.push(`${key} settled with ${first.status}, destination says ${receipts[0]?.status ?? "nothing"}`);
    } else if (first.status === SUCCESS) committed += 1;
    else rolledBack += 1;
    if (settled.length > 1 || receipts.length > 1) {
      duplicated += 1;
      complaints.push(`${key} has ${settled.length} settlements and ${receipts.length} receipts`);
    }
    if (vaultKeys.has(request.to)) {
      const wanted = receipts[0]?.status === SUCCESS ? 1 : 0;
      const found = effects.get(key) ?? 0;
      if (found > wanted) duplicated += 1;
      if (found < wanted) lost += 1;
      if (found !== wanted) complaints.push(`${key} moved assets ${found} times, wanted ${wanted}`);
    }
  }
  for (const key of follower.receipts.keys()) {
    if (!follower.requests.has(key)) {
      duplicated += 1;
      complaints.push(`${key} was executed but never requested`);
    }
  }
  if (lost === 0) {
    for (const chain of world.chains.keys()) {
      for (const peer of peersOf(world.topology, chain)) {
        const [locked, minted] = [await lockedFor(world, chain, peer), await wrappedSupply(world, peer, chain)];
        if (locked === minted) continue;
        duplicated += 1;
        complaints.push(`chain ${chain} holds ${locked} for ${peer}, where ${minted} circulate`);
      }
    }
  }
  return { requests: follower.requests.size, committed, rolledBack, lost, duplicated, complaints: complaints.slice(0, MAX_COMPLAINTS) };
};
