import { type Attestation } from "@crossguardian/wire";
import {
  compareBytes,
  equalBytes,
  failure,
  ok,
  refuse,
  type Result,
  type Secp256k1,
} from "@crossguardian/kernel";
import { type Hashes } from "./hashes.ts";

/** The validators of one epoch: 20-byte addresses, and how many must sign. */
export type ValidatorSet = {
  readonly epoch: bigint;
  readonly validators: readonly Uint8Array[];
  readonly threshold: number;
};

/**
 * Checks an attestation in the contract's order (protocol, "Hashes"): epoch, count, then each signature:
 * low s, member of the set, ascending by address (so none signs twice). Returns the block digest.
 * Errors: protocol.attestation.epoch, .threshold, .signature, .order, .stranger.
 */
export const checkAttestation = (
  powers: { readonly hashes: Hashes; readonly secp256k1: Pick<Secp256k1, "recoverAddress"> },
  relayGenesis: Uint8Array,
  set: ValidatorSet,
  untrusted: Attestation,
): Result<Uint8Array> => {
  const { header, signatures } = untrusted;
  const { height } = header;
  if (header.epoch !== set.epoch) {
    return refuse(failure("protocol.attestation.epoch", { height, epoch: header.epoch, wanted: set.epoch }));
  }
  if (signatures.length < set.threshold) {
    return refuse(failure("protocol.attestation.threshold", { height, signatures: signatures.length, wanted: set.threshold }));
  }
  const digest = powers.hashes.blockDigest(relayGenesis, header);
  let previous: Uint8Array | null = null;
  for (const signature of signatures) {
    const recovery = (signature[64] ?? 0) - 27;
    const signer = powers.secp256k1.recoverAddress(digest, signature.subarray(0, 64), recovery);
    if (signer === null) return refuse(failure("protocol.attestation.signature", { height }));
    if (previous !== null && compareBytes(previous, signer) >= 0) {
      return refuse(failure("protocol.attestation.order", { height }));
    }
    if (!set.validators.some((each) => equalBytes(each, signer))) {
      return refuse(failure("protocol.attestation.stranger", { height }));
    }
    previous = signer;
  }
  return ok(digest);
};
