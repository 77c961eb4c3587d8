import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concatBytes, type Secp256k1, toHex } from "@crossguardian/kernel";
import { makeHashes } from "@crossguardian/protocol";
import { type Powers } from "./call.ts";

const ADDRESS_BYTES = 20;
const DIGEST_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** keccak256 in plain JavaScript: chaincode is built and run where no native package can be counted on. */
export const keccak256 = (bytes: Uint8Array): Uint8Array => keccak_256(bytes);

/** Recoveries that are remembered: an attested block comes to an endorser once per transaction that it shares in, and again when one is retried. */
export const MAX_REMEMBERED_RECOVERIES = 4_096;

type Recover = Secp256k1["recoverAddress"];

const recover: Recover = (digest, signature, recovery) => {
  try {
    const parsed = secp256k1.Signature.fromBytes(concatBytes([Uint8Array.of(recovery), signature]), "recovered");
    if (parsed.hasHighS()) return null;
    const point = parsed.recoverPublicKey(digest).toBytes(false);
    return keccak_256(point.subarray(1)).slice(-ADDRESS_BYTES);
  } catch {
    return null;
  }
};

/** Remembers what a function of its arguments alone gave, and forgets the oldest. */
export const remembering = (run: Recover, most: number): Recover => {
  const known = new Map<string, Uint8Array | null>();
  return (digest, signature, recovery) => {
    if (digest.length !== DIGEST_BYTES || signature.length !== SIGNATURE_BYTES || (recovery !== 0 && recovery !== 1)) return null;
    const key = `${toHex(digest)}${toHex(signature)}${recovery.toString()}`;
    const before = known.get(key);
    if (before !== undefined) return before?.slice() ?? null;
    const address = run(digest, signature, recovery);
    const [oldest] = known.keys();
    if (known.size >= most && oldest !== undefined) known.delete(oldest);
    known.set(key, address);
    return address?.slice() ?? null;
  };
};

/** Hashes and signature recovery of the relay chain's side. */
export const powers: Powers = { hashes: makeHashes(keccak256), secp256k1: { recoverAddress: remembering(recover, MAX_REMEMBERED_RECOVERIES) } };
