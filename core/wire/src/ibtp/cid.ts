import { concatBytes, type Hash } from "@crossguardian/kernel";

/** Bytes of a CID: version 1, raw codec, sha2-256, 32 bytes long (multiformats). */
export const CID_BYTES = 36;
const PREFIX = Uint8Array.of(0x01, 0x55, 0x12, 0x20);
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/** CIDv1 (raw, sha2-256) of some bytes, 36 bytes. */
export const cidOf = (sha256: Hash, bytes: Uint8Array): Uint8Array => concatBytes([PREFIX, sha256(bytes)]);

/** Multibase base32 text of a CID, as IPFS shows it: "bafkrei…". */
export const cidText = (cid: Uint8Array): string => {
  let text = "b";
  let bits = 0;
  let rest = 0;
  for (const byte of cid) {
    rest = (rest << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(rest >>> bits) & 31] ?? "";
    }
    rest &= (1 << bits) - 1;
  }
  return bits > 0 ? text + (BASE32[(rest << (5 - bits)) & 31] ?? "") : text;
};
