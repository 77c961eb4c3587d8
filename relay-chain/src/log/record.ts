import { CodedError, concatBytes } from "@crossguardian/kernel";

/** Checksum of some bytes, 0..2^32-1; goes on from `before`. */
export type Crc32 = (bytes: Uint8Array, before?: number) => number;

/** Bytes before each payload: length u32, crc32 u32, big-endian. */
export const RECORD_HEADER_BYTES = 8;
/** Largest payload of a record, in bytes. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** A record up to this length is copied into one piece: cheaper than many small ones, in bytes. */
const SMALL_RECORD_BYTES = 32 * 1024;

/** A record: its header, then the parts of its payload as they are. */
export type EncodedRecord = { readonly parts: readonly Uint8Array[]; readonly length: number };

/** One record of a payload in parts: length, checksum, payload. @throws relaychain.log.record */
export const encodeRecord = (crc32: Crc32, payload: readonly Uint8Array[]): EncodedRecord => {
  let length = 0;
  let check = 0;
  for (const part of payload) {
    length += part.length;
    check = crc32(part, check);
  }
  if (length === 0 || length > MAX_RECORD_BYTES) throw new CodedError("relaychain.log.record", { bytes: length, max: MAX_RECORD_BYTES });
  const header = new Uint8Array(RECORD_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, length);
  view.setUint32(4, check);
  const parts = [header, ...payload];
  return { parts: length < SMALL_RECORD_BYTES ? [concatBytes(parts)] : parts, length: RECORD_HEADER_BYTES + length };
};

/** What a scan step found: a whole record, too few bytes to tell, or bytes that are no record. */
export type ScanStep =
  | { readonly kind: "record"; readonly payload: Uint8Array; readonly nextAt: number }
  | { readonly kind: "more"; readonly wanted: number }
  | { readonly kind: "torn" };

/** Reads the record at `at`; `wanted` is how many bytes from `at` are needed to decide. */
export const scanRecord = (crc32: Crc32, bytes: Uint8Array, at: number): ScanStep => {
  const left = bytes.length - at;
  if (left < RECORD_HEADER_BYTES) return { kind: "more", wanted: RECORD_HEADER_BYTES };
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, RECORD_HEADER_BYTES);
  const length = view.getUint32(0);
  if (length === 0 || length > MAX_RECORD_BYTES) return { kind: "torn" };
  if (left < RECORD_HEADER_BYTES + length) return { kind: "more", wanted: RECORD_HEADER_BYTES + length };
  const payload = bytes.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + length);
  if (crc32(payload) !== view.getUint32(4)) return { kind: "torn" };
  return { kind: "record", payload, nextAt: at + RECORD_HEADER_BYTES + length };
};
