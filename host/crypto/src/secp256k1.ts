import curve from "secp256k1/bindings.js";
import { CodedError, compareBytes, fromHex, type Hash, type Secp256k1 } from "@crossguardian/kernel";
import { needLength } from "./need-length.ts";

/** Half of the group order: a signature with a larger s has a twin, and is refused (EIP-2). */
const HALF_ORDER = fromHex("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

const needPrivateKey = (privateKey: Uint8Array): void => {
  needLength("private key", privateKey, 32);
  if (!curve.privateKeyVerify(privateKey)) throw new CodedError("crypto.key.invalid");
};

/** ECDSA over secp256k1 with Ethereum addresses: libsecp256k1, deterministic nonces (RFC 6979), low s. */
export const makeSecp256k1 = (keccak256: Hash): Secp256k1 => {
  const addressOf = (uncompressed: Uint8Array): Uint8Array => keccak256(uncompressed.subarray(1)).subarray(12);
  return {
    sign: (digest, privateKey) => {
      needLength("digest", digest, 32);
      needPrivateKey(privateKey);
      const { signature, recid } = curve.ecdsaSign(digest, privateKey);
      if (recid !== 0 && recid !== 1) throw new Error("recovery bit outside 0..1"); // chance 2^-127
      return { signature, recovery: recid };
    },
    recoverAddress: (digest, signature, recovery) => {
      needLength("digest", digest, 32);
      if (signature.length !== 64 || (recovery !== 0 && recovery !== 1)) return null;
      if (compareBytes(signature.subarray(32), HALF_ORDER) > 0) return null;
      try {
        return addressOf(curve.ecdsaRecover(signature, recovery, digest, false));
      } catch {
        return null; // r or s outside the group, or no point for r
      }
    },
    address: (privateKey) => {
      needPrivateKey(privateKey);
      return addressOf(curve.publicKeyCreate(privateKey, false));
    },
  };
};
