import { type KeyObject, sign } from "node:crypto";

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n; // P-256 (SEC 2)
const WORD_BYTES = 32;

const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);

const derInteger = (value: bigint): Buffer => {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  const padded = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(0x02, padded.length), padded]);
};

const toDer = (r: bigint, s: bigint): Buffer => {
  const content = Buffer.concat([derInteger(r), derInteger(s)]);
  return Buffer.concat([Buffer.of(0x30, content.length), content]);
};

const parts = (key: KeyObject, message: Uint8Array): { readonly r: bigint; readonly s: bigint } => {
  const raw = sign("sha256", message, { key, dsaEncoding: "ieee-p1363" });
  const s = toBigInt(raw.subarray(WORD_BYTES));
  return { r: toBigInt(raw.subarray(0, WORD_BYTES)), s: s > ORDER / 2n ? ORDER - s : s };
};

/** ECDSA over SHA-256 in DER with low s, as Fabric wants it. */
export const signLowS = (key: KeyObject, message: Uint8Array): Buffer => {
  const { r, s } = parts(key, message);
  return toDer(r, s);
};

/** The same signature's other form, which Fabric refuses. */
export const signHighS = (key: KeyObject, message: Uint8Array): Buffer => {
  const { r, s } = parts(key, message);
  return toDer(r, ORDER - s);
};
