import { CodedError, type Result, ok, refuse, utf8 } from "@crossguardian/kernel";

/** Position in bytes that are being read. */
export type Reader = { readonly bytes: Uint8Array; readonly view: DataView; at: number };

/** Bytes that are being written; grows by doubling. */
export type Writer = { bytes: Uint8Array; view: DataView; at: number };

/**
 * How one type lies on the wire: big-endian, length-prefixed, canonical (one encoding per value).
 * Readers throw coded `wire.message.*` errors; `decodeMessage` turns them into a refusal.
 */
export type Codec<T> = {
  readonly read: (from: Reader) => T;
  readonly write: (to: Writer, value: T) => void;
};

/** Value type of a codec. */
export type Decoded<C> = C extends Codec<infer T> ? T : never;

const INITIAL_WRITER_BYTES = 1024;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Grows the writer so that `length` more bytes fit. */
export const makeRoom = (to: Writer, length: number): void => {
  if (to.at + length <= to.bytes.length) return;
  let size = to.bytes.length;
  while (size < to.at + length) size *= 2;
  const grown = new Uint8Array(size);
  grown.set(to.bytes.subarray(0, to.at));
  to.bytes = grown;
  to.view = new DataView(grown.buffer);
};

const take = (from: Reader, length: number): number => {
  const at = from.at;
  if (at + length > from.bytes.length) {
    throw new CodedError("wire.message.truncated", { at, wanted: length });
  }
  from.at = at + length;
  return at;
};

/** 0..255. */
export const u8: Codec<number> = {
  read: (from) => from.view.getUint8(take(from, 1)),
  write: (to, value) => {
    makeRoom(to, 1);
    to.view.setUint8(to.at, value);
    to.at += 1;
  },
};

/** 0..2^32-1. */
export const u32: Codec<number> = {
  read: (from) => from.view.getUint32(take(from, 4)),
  write: (to, value) => {
    makeRoom(to, 4);
    to.view.setUint32(to.at, value);
    to.at += 4;
  },
};

/** 0..2^64-1 as bigint. */
export const u64: Codec<bigint> = {
  read: (from) => from.view.getBigUint64(take(from, 8)),
  write: (to, value) => {
    makeRoom(to, 8);
    to.view.setBigUint64(to.at, value);
    to.at += 8;
  },
};

/** One byte, 0 or 1. */
export const bool: Codec<boolean> = {
  read: (from) => {
    const value = u8.read(from);
    if (value > 1) throw new CodedError("wire.message.range", { what: "bool", value });
    return value === 1;
  },
  write: (to, value) => {
    u8.write(to, value ? 1 : 0);
  },
};

/** Exactly `length` bytes. The value read is a view of the message, not a copy. */
export const fixed = (length: number): Codec<Uint8Array> => ({
  read: (from) => {
    const at = take(from, length);
    return from.bytes.subarray(at, at + length);
  },
  write: (to, value) => {
    if (value.length !== length) {
      throw new CodedError("wire.message.range", { what: "fixed", bytes: value.length, wanted: length });
    }
    makeRoom(to, length);
    to.bytes.set(value, to.at);
    to.at += length;
  },
});

/** 32 bytes. */
export const hash32 = fixed(32);

const readLength = (from: Reader, max: number, what: string): number => {
  const length = u32.read(from);
  if (length > max) throw new CodedError("wire.message.bound", { what, length, max });
  return length;
};

/** At most `maxBytes` bytes, u32 length first. The value read is a view of the message, not a copy. */
export const bytes = (maxBytes: number): Codec<Uint8Array> => ({
  read: (from) => {
    const length = readLength(from, maxBytes, "bytes");
    const at = take(from, length);
    return from.bytes.subarray(at, at + length);
  },
  write: (to, value) => {
    if (value.length > maxBytes) {
      throw new CodedError("wire.message.bound", { what: "bytes", length: value.length, max: maxBytes });
    }
    u32.write(to, value.length);
    makeRoom(to, value.length);
    to.bytes.set(value, to.at);
    to.at += value.length;
  },
});

/** Texts up to here are tried as ASCII first: the general coder costs more than a whole small message. */
const SHORT_TEXT_CHARS = 160;

const shortAscii = (from: Uint8Array, at: number, length: number): string | null => {
  if (length > SHORT_TEXT_CHARS) return null;
  let value = "";
  for (let next = at; next < at + length; next += 1) {
    const byte = from[next] ?? 0xff;
    if (byte >= 0x80) return null;
    value += String.fromCharCode(byte);
  }
  return value;
};

const isShortAscii = (value: string): boolean => {
  if (value.length > SHORT_TEXT_CHARS) return false;
  for (let at = 0; at < value.length; at += 1) if (value.charCodeAt(at) >= 0x80) return false;
  return true;
};

/** UTF-8 text of at most `maxBytes` bytes, u32 length first. */
export const text = (maxBytes: number): Codec<string> => {
  const raw = bytes(maxBytes);
  return {
    read: (from) => {
      const length = readLength(from, maxBytes, "bytes");
      const at = take(from, length);
      const short = shortAscii(from.bytes, at, length);
      if (short !== null) return short;
      try {
        return decoder.decode(from.bytes.subarray(at, at + length));
      } catch {
        throw new CodedError("wire.message.text", { bytes: length });
      }
    },
    write: (to, value) => {
      if (value.length > maxBytes || !isShortAscii(value)) {
        raw.write(to, utf8(value));
        return;
      }
      u32.write(to, value.length);
      makeRoom(to, value.length);
      for (let at = 0; at < value.length; at += 1) to.bytes[to.at + at] = value.charCodeAt(at);
      to.at += value.length;
    },
  };
};

/** At most `maxItems` values, u32 count first. */
export const list = <T>(item: Codec<T>, maxItems: number): Codec<readonly T[]> => ({
  read: (from) => {
    const count = readLength(from, maxItems, "list");
    const values: T[] = [];
    for (let left = count; left > 0; left -= 1) values.push(item.read(from));
    return values;
  },
  write: (to, values) => {
    if (values.length > maxItems) {
      throw new CodedError("wire.message.bound", { what: "list", length: values.length, max: maxItems });
    }
    u32.write(to, values.length);
    for (const value of values) item.write(to, value);
  },
});

/** The fields one after the other, in the order written here. */
export const struct = <T extends Readonly<Record<string, unknown>>>(fields: {
  readonly [K in keyof T]: Codec<T[K]>;
}): Codec<T> => {
  const entries = Object.entries(fields) as [string, Codec<unknown>][]; // keys and codecs of T, by construction
  return {
    read: (from) => {
      const value: Record<string, unknown> = {};
      for (const [key, codec] of entries) value[key] = codec.read(from);
      return value as T; // every field of T was read above
    },
    write: (to, value) => {
      for (const [key, codec] of entries) codec.write(to, value[key]);
    },
  };
};

/** One byte that must be one of `values`. */
export const oneOf = <const V extends readonly number[]>(values: V): Codec<V[number]> => ({
  read: (from) => {
    const value = u8.read(from);
    const known = values.find((each) => each === value);
    if (known === undefined) throw new CodedError("wire.message.range", { what: "tag", value });
    return known;
  },
  write: (to, value) => {
    u8.write(to, value);
  },
});

/** Reader over a whole message. */
export const readerOf = (untrustedBytes: Uint8Array): Reader => ({
  bytes: untrustedBytes,
  view: new DataView(untrustedBytes.buffer, untrustedBytes.byteOffset, untrustedBytes.byteLength),
  at: 0,
});

/** Empty writer with room for so many bytes before it grows. */
export const makeWriter = (roomBytes = INITIAL_WRITER_BYTES): Writer => {
  const buffer = new Uint8Array(Math.max(1, roomBytes));
  return { bytes: buffer, view: new DataView(buffer.buffer), at: 0 };
};

/**
 * Decodes one whole message; any byte string gives a value or a coded refusal.
 * Errors: wire.message.truncated, .trailing, .bound, .range, .text.
 */
export const decodeMessage = <T>(codec: Codec<T>, untrustedBytes: Uint8Array): Result<T> => {
  const from = readerOf(untrustedBytes);
  try {
    const value = codec.read(from);
    if (from.at !== untrustedBytes.length) {
      throw new CodedError("wire.message.trailing", { bytes: untrustedBytes.length - from.at });
    }
    return ok(value);
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
};

const SPARE_WRITER_BYTES = 64 * 1024;
let spare: Writer | null = null;

/** Bytes that `write` puts into a writer. A small writer is used again: most messages are small and frequent. */
export const writtenBytes = (write: (to: Writer) => void): Uint8Array => {
  const to = spare ?? makeWriter();
  spare = null;
  to.at = 0;
  write(to);
  if (to.bytes.length > SPARE_WRITER_BYTES) return to.bytes.subarray(0, to.at);
  spare = to;
  return to.bytes.slice(0, to.at);
};

/** Encodes one whole message. @throws wire.message.bound or .range when a value breaks its own bound. */
export const encodeMessage = <T>(codec: Codec<T>, value: T): Uint8Array =>
  writtenBytes((to) => {
    codec.write(to, value);
  });
