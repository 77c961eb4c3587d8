import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concatBytes, type Secp256k1 } from "@crossguardian/kernel";
import { makeHashes } from "@crossguardian/protocol";
import { type Powers } from "./call.ts";

const ADDRESS_BYTES = 20;

/** keccak256 in plain JavaScript: chaincode is built and run where no native package can be counted on. */
export const keccak256 = (bytes: Uint8Array): Uint8Array => keccak_256(bytes);

const recoverAddress: Secp256k1["recoverAddress"] = (digest, signature, recovery) => {
  if (signature.length !== 64 || (recovery !== 0 && recovery !== 1)) return null;
  try {
    const parsed = secp256k1.Signature.fromBytes(concatBytes([Uint8Array.of(recovery), signature]), "recovered");
    if (parsed.hasHighS()) return null;
    const point = parsed.recoverPublicKey(digest).toBytes(false);
    return keccak_256(point.subarray(1)).slice(-ADDRESS_BYTES);
  } catch {
    return null;
  }
};

/** Hashes and signature recovery of the relay chain's side. */
export const powers: Powers = { hashes: makeHashes(keccak256), secp256k1: { recoverAddress } };
