import { CodedError, concatBytes, type Hash, ok, refuse, type Result } from "@crossguardian/kernel";
import { type EventPlace } from "@crossguardian/wire";
import { type EvmLog } from "../evm/receipt.ts";
import { type ProvenEvents } from "../evm/verify-events.ts";
import { decodeFabricBlock, type FabricBlock, fabricWitnessHash } from "./block.ts";
import { type OpenCertificate } from "./certificates.ts";
import { makeMembers, type Members, type SignedBy } from "./members.ts";
import { readFields } from "./protobuf-fields.ts";
import { type FabricTransaction, verifyFabricTransaction } from "./transaction.ts";
import { type FabricTrust } from "./trust.ts";

/** Verifies evidence of one Fabric channel. */
export type FabricVerifier = {
  /** `evidence` is a common.Block as a peer delivers it; a place is a transaction and the position in its event's list. Errors: proof.fabric.* */
  readonly verify: (untrustedEvidence: Uint8Array, places: readonly EventPlace[]) => Result<ProvenEvents>;
};

const CODE_VALID = 0;
/** Year 2106. */
const LAST_CLAIMED_TIME_S = 0xffff_ffffn;

/** Signatures over metadata value || signature header || header (Fabric, BlockSignatureVerifier). */
const blockSignatures = (block: FabricBlock): readonly SignedBy[] => {
  const metadata = readFields(block.signatures, "block signatures");
  const value = metadata.bytes(1);
  return metadata.all(2).map((each) => {
    const fields = readFields(each, "block signature");
    const header = fields.bytes(1);
    const identity = readFields(header, "signature header").bytes(1);
    return { identity, message: concatBytes([value, header, block.headerBytes]), signature: fields.bytes(2) };
  });
};

const checkBlockSignatures = (members: Members, trust: FabricTrust, block: FabricBlock, timeS: bigint): void => {
  const wanted = trust.blocks.threshold;
  const { valid, because } = members.count(trust.blocks, blockSignatures(block), timeS);
  if (valid < wanted) throw new CodedError("proof.fabric.blockSignature", { valid, wanted, because });
};

/**
 * The time that the block's first envelope claims, in seconds, or 0: told with events and never decided by, as anybody may claim anything.
 */
const claimedTimeS = (block: FabricBlock): bigint => {
  try {
    const payload = readFields(readFields(block.data[0] ?? new Uint8Array(0), "envelope").bytes(1), "payload");
    const channelHeader = readFields(readFields(payload.bytes(1), "header").bytes(1), "channel header");
    const seconds = readFields(channelHeader.bytes(3), "timestamp").number(1);
    return seconds <= LAST_CLAIMED_TIME_S ? seconds : 0n;
  } catch (error) {
    if (error instanceof CodedError) return 0n;
    throw error;
  }
};

/**
 * Makes the verifier of one registered channel (protocol, "Chain proofs"). In order: data hash, validation code VALID, transaction
 * ({@link verifyFabricTransaction}), event by position, orderers' signatures at the transaction's time. The block hash answered covers
 * header and codes: it counts when header witnesses report the same.
 * @throws proof.fabric.trust, proof.fabric.malformed when the registered trust itself is broken
 */
export const makeFabricVerifier = (
  powers: { readonly sha256: Hash; readonly openCertificate: OpenCertificate },
  trust: FabricTrust,
  contract: Uint8Array,
): FabricVerifier => {
  const members = makeMembers(powers.openCertificate, trust);

  const verify = (untrustedEvidence: Uint8Array, places: readonly EventPlace[]): ProvenEvents => {
    const block = decodeFabricBlock(powers, untrustedEvidence);
    const transactions = new Map<number, FabricTransaction>();
    const events: EvmLog[] = [];
    let newestS = 0n;
    for (const { tx, log } of places) {
      const envelope = block.data[tx];
      const code = block.codes[tx];
      if (envelope === undefined || code !== CODE_VALID) throw new CodedError("proof.fabric.validationCode", { tx, code: code ?? -1 });
      let transaction = transactions.get(tx);
      if (transaction === undefined) {
        transaction = verifyFabricTransaction({ sha256: powers.sha256, members }, trust, envelope);
        transactions.set(tx, transaction);
      }
      const found = transaction.logs[log];
      if (found === undefined) throw new CodedError("proof.log.absent", { position: log, logs: transaction.logs.length });
      events.push({ address: contract, ...found });
      if (transaction.timestampS > newestS) newestS = transaction.timestampS;
    }
    checkBlockSignatures(members, trust, block, newestS);
    return {
      blockHash: fabricWitnessHash(powers, block),
      height: block.height,
      timestampS: claimedTimeS(block),
      parentHash: block.previousHash,
      events,
    };
  };

  return {
    verify: (untrustedEvidence, places) => {
      try {
        return ok(verify(untrustedEvidence, places));
      } catch (error) {
        if (error instanceof CodedError) return refuse(error.failure);
        throw error;
      }
    },
  };
};
