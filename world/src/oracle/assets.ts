import { to0x } from "@crossguardian/kernel";

import { type ChainAccess } from "../kinds/chain-access.ts";
import { type World } from "../open-world.ts";
import { peersOf, vaultOf } from "../world.ts";
import { transferKey } from "./follow-chains.ts";

/** Moves of assets at every destination, counted by transfer. */
export const countAssetEffects = async (world: World): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>();
  for (const [chain, access] of world.access) {
    const to = to0x(world.hashes.serviceKey(vaultOf(chain)));
    for (const effect of await access.effects(1n, await access.head())) {
      const key = transferKey({ from: effect.from, to, index: effect.index });
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
};

/** What a chain's vault holds for a peer, and what circulates there of it; they are equal when nothing is under way. */
export type Supply = { readonly chain: string; readonly peer: string; readonly locked: bigint; readonly circulating: bigint };

const accessOf = (world: World, chain: string): ChainAccess => {
  const access = world.access.get(chain);
  if (access === undefined) throw new Error(`no way to chain ${chain}`);
  return access;
};

/** The supply of every ordered pair of chains between gateways. */
export const readSupply = async (world: World): Promise<readonly Supply[]> =>
  Promise.all(
    [...world.chains.keys()].flatMap((chain) =>
      peersOf(world.topology, chain).map(async (peer) => {
        const [{ locked }, { circulating }] = await Promise.all([accessOf(world, chain).supply(peer), accessOf(world, peer).supply(chain)]);
        return { chain, peer, locked, circulating };
      }),
    ),
  );
