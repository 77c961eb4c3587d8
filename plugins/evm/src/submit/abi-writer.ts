import { utf8 } from "@crossguardian/kernel";

/** Writes Solidity ABI encoding front to back: heads first, offsets filled in when their tails begin. */
export type AbiWriter = {
  readonly word: (word: Uint8Array) => void;
  readonly number: (value: bigint | number) => void;
  /** Reserves a head word for an offset; `fill` it when the tail begins. Offsets count from `base`. */
  readonly offset: () => number;
  readonly fill: (head: number, base: number) => void;
  readonly at: () => number;
  readonly bytes: (value: Uint8Array) => void;
  readonly text: (value: string) => void;
  /** Length, then offsets, then each item by `write`. */
  readonly dynamicArray: <T>(items: readonly T[], write: (item: T) => void) => void;
  readonly words: (items: readonly Uint8Array[]) => void;
  readonly done: () => Uint8Array;
};

const WORD_BYTES = 32;
const FIRST_BYTES = 16 * 1024;

/** Makes a writer; the selector is what the call begins with, 4 bytes. */
export const makeAbiWriter = (selector: Uint8Array): AbiWriter => {
  let buffer = new Uint8Array(FIRST_BYTES);
  let view = new DataView(buffer.buffer);
  let end = selector.length;
  buffer.set(selector);

  const room = (length: number): number => {
    const at = end;
    end += length;
    if (end > buffer.length) {
      const grown = new Uint8Array(Math.max(end, buffer.length * 2));
      grown.set(buffer);
      buffer = grown;
      view = new DataView(grown.buffer);
    }
    return at;
  };
  const number = (value: bigint | number): void => {
    const at = room(WORD_BYTES);
    view.setBigUint64(at + WORD_BYTES - 8, BigInt(value));
  };
  const fill = (head: number, base: number): void => {
    view.setUint32(head + WORD_BYTES - 4, end - base);
  };
  const bytes = (value: Uint8Array): void => {
    number(value.length);
    const at = room(Math.ceil(value.length / WORD_BYTES) * WORD_BYTES);
    buffer.set(value, at);
  };
  return {
    word: (word) => {
      const at = room(WORD_BYTES);
      buffer.set(word, at + WORD_BYTES - word.length);
    },
    number,
    offset: () => room(WORD_BYTES),
    fill,
    at: () => end,
    bytes,
    text: (value) => bytes(utf8(value)),
    dynamicArray: (items, write) => {
      number(items.length);
      const base = end;
      const heads = items.map(() => room(WORD_BYTES));
      for (const [position, item] of items.entries()) {
        fill(heads[position] ?? base, base);
        write(item);
      }
    },
    words: (items) => {
      number(items.length);
      for (const item of items) {
        const at = room(WORD_BYTES); // may replace the buffer, so it comes first
        buffer.set(item, at);
      }
    },
    done: () => buffer.subarray(0, end),
  };
};
