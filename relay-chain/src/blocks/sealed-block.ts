import { CodedError } from "@crossguardian/kernel";
import { type Registry, type RelayGenesisDocument } from "@crossguardian/protocol";
import { decodeMessage, encodeMessage, ENTRY_KIND, type Message, MESSAGES } from "@crossguardian/wire";
import { applyEntries, type ChainState, type PlanPowers, registerDocument } from "./plan-block.ts";

/** A certified block with all of its entries; bodies may be left out (empty) but for governance documents. */
export type SealedBlock = Message<"block">;
/** One entry of a certified block. */
export type SealedEntry = SealedBlock["entries"][number];

/** The last certified block. Before the first one: height 0, the relay genesis as hash, its creation as tick. */
export type Head = { readonly height: bigint; readonly hash: Uint8Array; readonly tickMs: bigint };

/** Head of a relay chain without blocks. */
export const genesisHead = (registry: Registry, genesis: RelayGenesisDocument): Head => ({
  height: 0n,
  hash: registry.relayGenesis,
  tickMs: genesis.createdMs,
});

const NO_BYTES = new Uint8Array(0);
const isDocument = (entry: SealedEntry): boolean =>
  entry.facts.kind === ENTRY_KIND.register || entry.facts.kind === ENTRY_KIND.validators;

/** The form of a block that is kept and has a content id: everything but the bodies of transfers. */
export const encodeSealed = (block: SealedBlock): Uint8Array => {
  const entries = block.entries.map((each) => (isDocument(each) ? each : { ...each, body: NO_BYTES }));
  return encodeMessage(MESSAGES.block.codec, { ...block, entries });
};

/** Block of an own log. @throws relaychain.log.broken when it does not decode. */
export const decodeSealed = (record: Uint8Array): SealedBlock => {
  const block = decodeMessage(MESSAGES.block.codec, record);
  if (!block.ok) throw new CodedError("relaychain.log.broken", { why: block.failure.code });
  return block.value;
};

/**
 * Applies a block that was checked before (own log, or verified): ledger in place; returns the registry after it.
 * @throws relaychain.log.broken when a governance document does not apply.
 */
export const applySealed = (powers: PlanPowers, state: ChainState, block: SealedBlock): Registry => {
  applyEntries(state.ledger, block.entries);
  let { registry } = state;
  for (const entry of block.entries) {
    if (entry.facts.kind !== ENTRY_KIND.register) continue;
    const done = registerDocument(powers, registry, entry.body);
    if (!done.ok) throw new CodedError("relaychain.log.broken", { why: done.failure.code, height: block.attestation.header.height });
    registry = done.value.registry;
  }
  return registry;
};
