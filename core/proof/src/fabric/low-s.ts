import { CodedError } from "@crossguardian/kernel";
import { DER_INTEGER, readDerSequence } from "./der.ts";

/** Half the order of P-256 (SEC 2, secp256r1): Fabric refuses a signature whose s is above it (bccsp, low-S rule). */
const HALF_ORDER = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n;
const MAX_INTEGER_BYTES = 33;

const numberOf = (content: Uint8Array): bigint => {
  let value = 0n;
  for (const byte of content) value = (value << 8n) | BigInt(byte);
  return value;
};

/** True for ECDSA-Sig-Value (RFC 3279, section 2.2.3) in DER with positive r and s, s at most half the order. */
export const isLowS = (untrustedSignature: Uint8Array): boolean => {
  try {
    const [r, s, ...rest] = readDerSequence(untrustedSignature, 2);
    if (r?.tag !== DER_INTEGER || s?.tag !== DER_INTEGER || rest.length > 0) return false;
    for (const { content } of [r, s]) {
      const [first, second] = content;
      if (first === undefined || first >= 0x80 || content.length > MAX_INTEGER_BYTES) return false;
      if (first === 0 && (second === undefined || second < 0x80)) return false;
    }
    return numberOf(s.content) <= HALF_ORDER;
  } catch (error) {
    if (error instanceof CodedError) return false;
    throw error;
  }
};
