import { vaultAbi, wrappedTokenAbi } from "@crossguardian/contracts-evm";
import { to0x } from "@crossguardian/kernel";
import { decodeFunctionResult, encodeFunctionData, type Hex } from "viem";

import { type World } from "../open-world.ts";
import { peersOf, vaultOf } from "../world.ts";
import { type AssetEffect, headOf, readAssetEffects } from "./chain-facts.ts";
import { transferKey } from "./follow-chains.ts";

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

/** Mints and releases of every vault, counted by transfer. */
export const countAssetEffects = async (world: World): Promise<ReadonlyMap<string, number>> => {
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

/** What a chain's vault holds for a peer, and what circulates there of it; they are equal when nothing is under way. */
export type Supply = { readonly chain: string; readonly peer: string; readonly locked: bigint; readonly circulating: bigint };

/** The supply of every ordered pair of chains between gateways. */
export const readSupply = async (world: World): Promise<readonly Supply[]> =>
  Promise.all(
    [...world.chains.keys()].flatMap((chain) =>
      peersOf(world.topology, chain).map(async (peer) => ({ chain, peer, locked: await lockedFor(world, chain, peer), circulating: await wrappedSupply(world, peer, chain) })),
    ),
  );
