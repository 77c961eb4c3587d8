import { cidOf, cidText } from "@crossguardian/wire";
import { encodeSealed, type SealedBlock } from "../blocks/sealed-block.ts";
import { type OrdererPowers } from "./orderer-powers.ts";
import { type OrdererStart } from "./rebuild.ts";

/** Keeps certified blocks: in the chain log by height, and by content id beside the bodies. */
export type BlockKeeper = {
  readonly keep: (block: SealedBlock) => void;
  readonly load: (height: bigint) => Promise<Uint8Array>;
  readonly entries: () => bigint;
  readonly lastCid: () => string;
};

/** Makes the keeper from what the log held. */
export const makeBlockKeeper = (
  powers: Pick<OrdererPowers, "bodies" | "chain" | "sha256">,
  start: Pick<OrdererStart, "blockOffsets" | "entries">,
): BlockKeeper => {
  const offsets = [...start.blockOffsets];
  let { entries } = start;
  let lastCid = "";
  return {
    keep: (block) => {
      for (const entry of block.entries) if (entry.cid.length > 0) powers.bodies.put(entry.cid, entry.body);
      const record = encodeSealed(block);
      const cid = cidOf(powers.sha256, record);
      powers.bodies.put(cid, record);
      offsets.push(powers.chain.append(record));
      entries += BigInt(block.entries.length);
      lastCid = cidText(cid);
    },
    load: (height) => powers.chain.read(offsets[Number(height) - 1] ?? 0),
    entries: () => entries,
    lastCid: () => lastCid,
  };
};
