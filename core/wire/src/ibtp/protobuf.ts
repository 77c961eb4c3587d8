import { CodedError, ok, refuse, type Result, utf8 } from "@crossguardian/kernel";
import { makeRoom, type Writer, writtenBytes } from "../codec.ts";

/** Position in a protobuf message; `end` is the first byte after it. */
export type ProtoReader = { readonly bytes: Uint8Array; at: number; readonly end: number };

const WIRE_VARINT = 0;
const WIRE_BYTES = 2;
const MAX_VARINT_BYTES = 10;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** How one field's value lies in proto3; `isZero` values are left out of singular fields. */
export type ProtoType<T> = {
  readonly wire: typeof WIRE_VARINT | typeof WIRE_BYTES;
  readonly zero: T;
  readonly isZero: (value: T) => boolean;
  readonly read: (from: ProtoReader) => T;
  readonly write: (to: Writer, value: T) => void;
};

/** A field of a message: its number, type, and whether it repeats. */
export type ProtoField<T> = {
  readonly number: number;
  readonly wire: number;
  readonly read: (from: ProtoReader) => T;
  /** Adds a further element; null for singular fields. */
  readonly more: ((from: ProtoReader, before: T) => T) | null;
  readonly write: (to: Writer, value: T) => void;
  readonly absent: T;
};

const readVarintSlow = (from: ProtoReader): bigint => {
  let value = 0n;
  for (let count = 0; ; count += 1) {
    if (from.at >= from.end) throw new CodedError("wire.proto.truncated", { at: from.at });
    const byte = from.bytes[from.at] ?? 0;
    from.at += 1;
    if (count === MAX_VARINT_BYTES - 1 && byte > 1) throw new CodedError("wire.proto.varint", { at: from.at });
    value |= BigInt(byte & 0x7f) << BigInt(count * 7);
    if (byte < 0x80) {
      if (byte === 0 && count > 0) throw new CodedError("wire.proto.varint", { at: from.at });
      return value;
    }
  }
};

const readVarint = (from: ProtoReader): bigint => {
  const byte = from.bytes[from.at] ?? 0x80;
  if (from.at < from.end && byte < 0x80) {
    from.at += 1;
    return BigInt(byte);
  }
  return readVarintSlow(from);
};

const readSmall = (from: ProtoReader): number => {
  const byte = from.bytes[from.at] ?? 0x80;
  if (from.at < from.end && byte < 0x80) {
    from.at += 1;
    return byte;
  }
  const value = readVarintSlow(from);
  if (value > 0xffff_ffffn) throw new CodedError("wire.proto.range", { at: from.at });
  return Number(value);
};

const push = (to: Writer, byte: number): void => {
  makeRoom(to, 1);
  to.bytes[to.at] = byte;
  to.at += 1;
};

const writeSmall = (to: Writer, value: number): void => {
  let rest = value;
  while (rest > 0x7f) {
    push(to, (rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  push(to, rest);
};

const writeVarint = (to: Writer, value: bigint): void => {
  if (value <= 0xffff_ffffn) {
    writeSmall(to, Number(value));
    return;
  }
  let rest = value;
  while (rest > 0x7fn) {
    push(to, Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  push(to, Number(rest));
};

const readChunk = (from: ProtoReader, maxBytes: number): Uint8Array => {
  const length = readSmall(from);
  if (length > maxBytes) throw new CodedError("wire.proto.bound", { length, max: maxBytes });
  if (from.at + length > from.end) throw new CodedError("wire.proto.truncated", { at: from.at, wanted: length });
  const at = from.at;
  from.at += length;
  return from.bytes.subarray(at, at + length);
};

const writeChunk = (to: Writer, value: Uint8Array, maxBytes: number): void => {
  if (value.length > maxBytes) throw new CodedError("wire.proto.bound", { length: value.length, max: maxBytes });
  writeSmall(to, value.length);
  makeRoom(to, value.length);
  to.bytes.set(value, to.at);
  to.at += value.length;
};

/** uint64. */
export const protoU64: ProtoType<bigint> = {
  wire: WIRE_VARINT,
  zero: 0n,
  isZero: (value) => value === 0n,
  read: (from) => {
    const value = readVarint(from);
    if (value > 0xffff_ffff_ffff_ffffn) throw new CodedError("wire.proto.range", { at: from.at });
    return value;
  },
  write: (to, value) => {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new CodedError("wire.proto.range", { what: "uint64" });
    writeVarint(to, value);
  },
};

/** int64: negative numbers take ten bytes. */
export const protoI64: ProtoType<bigint> = {
  ...protoU64,
  read: (from) => BigInt.asIntN(64, protoU64.read(from)),
  write: (to, value) => {
    if (BigInt.asIntN(64, value) !== value) throw new CodedError("wire.proto.range", { what: "int64" });
    writeVarint(to, BigInt.asUintN(64, value));
  },
};

/** bool. */
export const protoBool: ProtoType<boolean> = {
  wire: WIRE_VARINT,
  zero: false,
  isZero: (value) => !value,
  read: (from) => {
    const value = readSmall(from);
    if (value > 1) throw new CodedError("wire.proto.range", { what: "bool", value });
    return value === 1;
  },
  write: (to, value) => {
    push(to, value ? 1 : 0);
  },
};

/** Enum with the values 0..`last`. */
export const protoEnum = (last: number): ProtoType<number> => ({
  wire: WIRE_VARINT,
  zero: 0,
  isZero: (value) => value === 0,
  read: (from) => {
    const value = readSmall(from);
    if (value > last) throw new CodedError("wire.proto.range", { what: "enum", value });
    return value;
  },
  write: (to, value) => {
    if (value < 0 || value > last) throw new CodedError("wire.proto.range", { what: "enum", value });
    writeSmall(to, value);
  },
});

const NO_BYTES = new Uint8Array(0);

/** bytes; the value read is a view of the message. */
export const protoBytes = (maxBytes: number): ProtoType<Uint8Array> => ({
  wire: WIRE_BYTES,
  zero: NO_BYTES,
  isZero: (value) => value.length === 0,
  read: (from) => readChunk(from, maxBytes),
  write: (to, value) => {
    writeChunk(to, value, maxBytes);
  },
});

/** string, valid UTF-8. */
export const protoString = (maxBytes: number): ProtoType<string> => ({
  wire: WIRE_BYTES,
  zero: "",
  isZero: (value) => value === "",
  read: (from) => {
    const chunk = readChunk(from, maxBytes);
    try {
      return decoder.decode(chunk);
    } catch {
      throw new CodedError("wire.proto.text", { bytes: chunk.length });
    }
  },
  write: (to, value) => {
    writeChunk(to, utf8(value), maxBytes);
  },
});

/** packed repeated uint64. */
export const protoPackedU64 = (maxItems: number): ProtoType<readonly bigint[]> => ({
  wire: WIRE_BYTES,
  zero: [],
  isZero: (values) => values.length === 0,
  read: (from) => {
    const chunk = readChunk(from, maxItems * MAX_VARINT_BYTES);
    const inner: ProtoReader = { bytes: chunk, at: 0, end: chunk.length };
    const values: bigint[] = [];
    while (inner.at < inner.end) {
      if (values.length >= maxItems) throw new CodedError("wire.proto.bound", { items: values.length, max: maxItems });
      values.push(protoU64.read(inner));
    }
    return values;
  },
  write: (to, values) => {
    if (values.length > maxItems) throw new CodedError("wire.proto.bound", { items: values.length, max: maxItems });
    const inner = writtenBytes((each) => {
      for (const value of values) protoU64.write(each, value);
    });
    writeChunk(to, inner, maxItems * MAX_VARINT_BYTES);
  },
});

/** A message of its own as a value; null when it is not there. `maxBytes` bounds its encoding. */
export const protoMessage = <T>(message: ProtoMessage<T>, maxBytes: number): ProtoType<T | null> => ({
  wire: WIRE_BYTES,
  zero: null,
  isZero: (value) => value === null,
  read: (from) => {
    const chunk = readChunk(from, maxBytes);
    return message.read({ bytes: chunk, at: 0, end: chunk.length });
  },
  write: (to, value) => {
    if (value === null) throw new CodedError("wire.proto.range", { what: "message" });
    writeChunk(to, encodeProto(message, value), maxBytes);
  },
});

/** Singular field: left out when zero; a zero on the wire is refused. */
export const one = <T>(number: number, type: ProtoType<T>): ProtoField<T> => ({
  number,
  wire: type.wire,
  absent: type.zero,
  more: null,
  read: (from) => {
    const value = type.read(from);
    if (type.isZero(value)) throw new CodedError("wire.proto.zero", { field: number });
    return value;
  },
  write: (to, value) => {
    if (type.isZero(value)) return;
    writeSmall(to, number * 8 + type.wire);
    type.write(to, value);
  },
});

/** Repeated field of at most `maxItems` elements, unpacked; elements may be zero. */
export const many = <T>(number: number, type: ProtoType<T>, maxItems: number): ProtoField<readonly T[]> => ({
  number,
  wire: type.wire,
  absent: [],
  read: (from) => [type.read(from)],
  more: (from, before) => {
    if (before.length >= maxItems) throw new CodedError("wire.proto.bound", { field: number, max: maxItems });
    return [...before, type.read(from)];
  },
  write: (to, values) => {
    if (values.length > maxItems) throw new CodedError("wire.proto.bound", { field: number, max: maxItems });
    for (const value of values) {
      writeSmall(to, number * 8 + type.wire);
      type.write(to, value);
    }
  },
});

/** A message: canonical bytes from a value and back. */
export type ProtoMessage<T> = {
  readonly read: (from: ProtoReader) => T;
  readonly write: (to: Writer, value: T) => void;
};

/**
 * A message with these fields, in ascending order of their numbers. Canonical proto3: ascending, zero values left
 * out, shortest varints, no unknown fields, so that one value has one encoding (ibtp-wire, rule 3).
 */
export const protoStruct = <T extends Readonly<Record<string, unknown>>>(fields: {
  readonly [K in keyof T]: ProtoField<T[K]>;
}): ProtoMessage<T> => {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- keys and fields of T, by construction
  const entries = Object.entries(fields) as [string, ProtoField<unknown>][];
  return {
    read: (from) => {
      const value: Record<string, unknown> = {};
      for (const [key, field] of entries) value[key] = field.absent;
      let at = -1;
      while (from.at < from.end) {
        const tag = readSmall(from);
        const number = Math.floor(tag / 8);
        const before = at;
        if (at < 0 || entries[at]?.[1].number !== number) at += 1;
        while (at < entries.length && (entries[at]?.[1].number ?? 0) < number) at += 1;
        const entry = entries[at];
        if (entry?.[1].number !== number || entry[1].wire !== tag % 8) {
          const known = entries.some(([, each]) => each.number === number && each.wire === tag % 8);
          throw new CodedError(known ? "wire.proto.order" : "wire.proto.unknown", { field: number });
        }
        const [key, field] = entry;
        if (at !== before) value[key] = field.read(from);
        else if (field.more !== null) value[key] = field.more(from, value[key]);
        else throw new CodedError("wire.proto.order", { field: number });
      }
      // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- every field of T was set above
      return value as T;
    },
    write: (to, value) => {
      for (const [key, field] of entries) field.write(to, value[key]);
    },
  };
};

/** Decodes one whole message; any bytes give a value or a coded refusal (`wire.proto.*`). */
export const decodeProto = <T>(message: ProtoMessage<T>, untrustedBytes: Uint8Array): Result<T> => {
  try {
    return ok(message.read({ bytes: untrustedBytes, at: 0, end: untrustedBytes.length }));
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
};

/** Canonical bytes of a message. @throws wire.proto.bound or .range when a value breaks its own bound. */
export const encodeProto = <T>(message: ProtoMessage<T>, value: T): Uint8Array =>
  writtenBytes((to) => {
    message.write(to, value);
  });
