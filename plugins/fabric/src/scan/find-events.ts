import { failure, type Log } from "@crossguardian/kernel";
import { type FabricBlock, type FabricVerifier, isGatewayTopic, peekFabricEvents } from "@crossguardian/proof";
import { bounds } from "@crossguardian/wire";
import { type ScannedBlock } from "./scanner.ts";

const CODE_VALID = 0;

/**
 * Places of gateway events in a block. A transaction that the registered terms can not prove is left out with an alarm: its evidence would be
 * refused, and the whole chain would wait for it.
 */
export const findEvents = (
  powers: { readonly verifier: FabricVerifier; readonly log: Log },
  place: { readonly channel: string; readonly chaincode: string },
  block: FabricBlock,
  bytes: Uint8Array,
): ScannedBlock => {
  const places: { readonly tx: number; readonly log: number }[] = [];
  for (const [tx, envelope] of block.data.entries()) {
    if (block.codes[tx] !== CODE_VALID) continue;
    const logs = peekFabricEvents(envelope, place);
    const found = logs.flatMap(({ topics }, log) => (topics[0] !== undefined && isGatewayTopic(topics[0]) ? [{ tx, log }] : []));
    if (found.length === 0) continue;
    const proven = powers.verifier.verify(bytes, found);
    if (proven.ok) places.push(...found);
    else powers.log.alarm("fabric.event.unproven", { height: block.height, tx, because: proven.failure.code });
  }
  if (places.length > 0 && (bytes.length > bounds.MAX_EVIDENCE_BYTES || places.length > bounds.MAX_ITEMS_PER_EVIDENCE)) {
    const large = failure("fabric.block.large", { height: block.height, bytes: bytes.length, events: places.length });
    powers.log.alarm(large.code, large.facts);
    return { height: block.height, evidence: bytes, places: [] };
  }
  return { height: block.height, evidence: bytes.slice(), places };
};
