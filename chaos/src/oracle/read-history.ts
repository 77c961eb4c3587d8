import { to0x, toHex } from "@crossguardian/kernel";
import { ENTRY_KIND, type EntryFacts } from "@crossguardian/wire";
import { chainsOf, countAssetEffects, dataOf, followWorld, readSupply, transferKey, vaultOf, type World } from "@crossguardian/world";
import { type Hex } from "viem";

import { readRelayLog } from "../watch/relay-watch.ts";
import { type History, type RelayFact } from "./history.ts";

const KINDS: ReadonlyMap<number, RelayFact["kind"]> = new Map([
  [ENTRY_KIND.request, "request"],
  [ENTRY_KIND.receipt, "receipt"],
  [ENTRY_KIND.cancel, "cancel"],
]);

/** Service ids of a world by their key on the chains, and back. */
export const servicesOf = (world: World): ReadonlyMap<Hex, { readonly id: string; readonly chain: string; readonly isAsset: boolean }> =>
  new Map(
    chainsOf(world.topology).flatMap((chain) =>
      [vaultOf(chain), dataOf(chain)].map((id) => [to0x(world.hashes.serviceKey(id)), { id, chain, isAsset: id === vaultOf(chain) }] as const),
    ),
  );

/** A transfer's key in contract events, from what the relay chain says of it. */
export const keyOfFacts = (world: World, { from, to, index }: EntryFacts): string =>
  transferKey({ from: to0x(world.hashes.serviceKey(from)), to: to0x(world.hashes.serviceKey(to)), index });

/** Reads everything anew: both chains from their first block, the relay chain's log from its first. `certified` is what was seen meanwhile. */
export const readHistory = async (world: World, certified: ReadonlyMap<bigint, string>): Promise<History> => {
  const services = servicesOf(world);
  const follower = followWorld(world);
  await follower.poll();
  const log = await readRelayLog(world);
  const relay = new Map<string, RelayFact[]>();
  for (const { facts, height } of log.entries) {
    const kind = KINDS.get(facts.kind);
    if (kind === undefined) continue;
    const key = keyOfFacts(world, facts);
    relay.set(key, [...(relay.get(key) ?? []), { kind, status: facts.status, height, hash: toHex(facts.requestHash) }]);
  }
  const statuses = (events: ReadonlyMap<string, readonly { readonly status: number }[]>): ReadonlyMap<string, readonly number[]> =>
    new Map([...events].map(([key, some]) => [key, some.map(({ status }) => status)]));
  return {
    requests: new Map([...follower.requests].map(([key, { chain, to }]) => [key, { chain, isAsset: services.get(to)?.isAsset === true }])),
    receipts: statuses(follower.receipts),
    settled: statuses(follower.settled),
    effects: await countAssetEffects(world),
    relay,
    supply: await readSupply(world),
    certified,
    log: log.blocks,
  };
};
