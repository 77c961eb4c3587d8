import { concatBytes, utf8 } from "@crossguardian/kernel";
import { type Ibtp } from "./ibtp.ts";

const be64 = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
};

/**
 * What keccak256 takes for BitXHub's relay multi-sign digest: from, to, index, type, payload.hash, txStatus without
 * separators (ibtp-wire, rule 7). For compatibility only: the packing is ambiguous (weak point 5).
 */
export const multiSignInput = (ibtp: Ibtp, payloadHash: Uint8Array, txStatus: number): Uint8Array =>
  concatBytes([utf8(ibtp.from), utf8(ibtp.to), be64(ibtp.index), be64(BigInt(ibtp.type)), payloadHash, be64(BigInt(txStatus))]);
