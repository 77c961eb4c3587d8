import { CHAIN_KIND, CodedError } from "@crossguardian/kernel";
import { chainPackage as evmPackage } from "@crossguardian/plugin-evm";
import { type ChainPackage } from "@crossguardian/plugin-kit";

/** What a validator uses of a package. */
export type FollowerMaker = Pick<ChainPackage, "makeHeaderFollower">;

/** Of other kinds, what the validator follows headers with; loaded only where a chain of the kind is configured. */
const LATER: ReadonlyMap<number, () => Promise<FollowerMaker>> = new Map<number, () => Promise<FollowerMaker>>([
  [CHAIN_KIND.fabric, async () => import("@crossguardian/plugin-fabric-blocks")],
  [CHAIN_KIND.utxo, async () => (await import("@crossguardian/plugin-utxo")).chainPackage],
  [CHAIN_KIND.ledger, async () => (await import("@crossguardian/plugin-ledger")).chainPackage],
]);

/** The packages of these kinds of chains, of which a validator uses the header followers. @throws relaychain.chain.kind */
export const loadChainPackages = async (kinds: Iterable<number>): Promise<ReadonlyMap<number, FollowerMaker>> => {
  const found = new Map<number, FollowerMaker>([[CHAIN_KIND.evm, evmPackage]]);
  for (const kind of kinds) {
    if (found.has(kind)) continue;
    const load = LATER.get(kind);
    if (load === undefined) throw new CodedError("relaychain.chain.kind", { kind });
    found.set(kind, await load());
  }
  return found;
};
