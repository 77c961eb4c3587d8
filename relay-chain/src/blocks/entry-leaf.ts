import { chainOfService, type Hashes, type Registry, targetOf } from "@crossguardian/protocol";
import { ENTRY_KIND, type EntryFacts } from "@crossguardian/wire";

/** Chain whose contract an entry is for: a receipt goes back to the source, everything else to the destination. */
export const targetChainOf = (facts: Pick<EntryFacts, "kind" | "from" | "to">): string =>
  chainOfService(facts.kind === ENTRY_KIND.receipt ? facts.from : facts.to);

/**
 * Leaf of a REQUEST, RECEIPT or CANCEL entry for its target contract.
 * @throws protocol.registry.chainUnknown, kernel.id.malformed
 */
export const entryLeaf = (hashes: Hashes, registry: Registry, facts: EntryFacts): Uint8Array =>
  hashes.leaf(registry.relayGenesis, targetOf(registry, targetChainOf(facts)), facts);
