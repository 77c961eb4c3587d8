import { CodedError } from "@crossguardian/kernel";

/** A protobuf message's fields by number, of wire types varint and length-delimited; unknown fields stay unread. */
export type Fields = {
  /** The field's bytes as a view; empty when it is not there. @throws proof.fabric.malformed when it is there twice */
  readonly bytes: (number: number) => Uint8Array;
  /** All of a repeated field, in order. */
  readonly all: (number: number) => readonly Uint8Array[];
  /** The field's number; 0 when it is not there. @throws proof.fabric.malformed when it is there twice */
  readonly number: (number: number) => bigint;
  /** As bytes, as text. @throws proof.fabric.malformed also when it is not UTF-8 */
  readonly text: (number: number) => string;
};

/** Fields of one message. */
export const MAX_PROTO_FIELDS = 65_536;
const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;
const WIRE_FIXED32 = 5;
const MAX_VARINT_BYTES = 10;
const NO_BYTES = new Uint8Array(0);
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const malformed = (what: string, why: string): CodedError => new CodedError("proof.fabric.malformed", { what, why });

type Value = Uint8Array | bigint;

/**
 * Reads a message as a peer would, but for one thing: a field that is asked for once and lies there twice is refused,
 * where protobuf would take the last; so no two readers can see two contents in the same bytes.
 * `what` names the message in failures.
 */
export const readFields = (untrustedBytes: Uint8Array, what: string): Fields => {
  const fields = new Map<number, Value[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let count = 0; count < MAX_VARINT_BYTES; count += 1) {
      const byte = untrustedBytes[at];
      if (byte === undefined) throw malformed(what, "truncated");
      at += 1;
      value |= BigInt(byte & 0x7f) << BigInt(7 * count);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed(what, "varint");
  };
  const chunk = (length: bigint): Uint8Array => {
    if (length > BigInt(untrustedBytes.length - at)) throw malformed(what, "truncated");
    at += Number(length);
    return untrustedBytes.subarray(at - Number(length), at);
  };
  for (let count = 0; at < untrustedBytes.length; count += 1) {
    if (count >= MAX_PROTO_FIELDS) throw malformed(what, "fields");
    const key = varint();
    const number = Number(key >> 3n);
    let value: Value | null = null;
    switch (Number(key & 7n)) {
      case WIRE_VARINT:
        value = varint();
        break;
      case WIRE_BYTES:
        value = chunk(varint());
        break;
      case WIRE_FIXED64:
        chunk(8n);
        break;
      case WIRE_FIXED32:
        chunk(4n);
        break;
      default:
        throw malformed(what, "wire type");
    }
    if (value === null) continue;
    const known = fields.get(number);
    if (known === undefined) fields.set(number, [value]);
    else known.push(value);
  }
  const once = (number: number): Value | null => {
    const values = fields.get(number) ?? [];
    if (values.length > 1) throw malformed(what, `field ${number.toString()} twice`);
    return values[0] ?? null;
  };
  const bytes = (number: number): Uint8Array => {
    const value = once(number) ?? NO_BYTES;
    if (typeof value === "bigint") throw malformed(what, `field ${number.toString()}`);
    return value;
  };
  return {
    bytes,
    all: (number) =>
      (fields.get(number) ?? []).map((value) => {
        if (typeof value === "bigint") throw malformed(what, `field ${number.toString()}`);
        return value;
      }),
    number: (number) => {
      const value = once(number) ?? 0n;
      if (typeof value !== "bigint") throw malformed(what, `field ${number.toString()}`);
      return value;
    },
    text: (number) => {
      try {
        return decoder.decode(bytes(number));
      } catch (error) {
        if (error instanceof CodedError) throw error;
        throw malformed(what, "text");
      }
    },
  };
};
