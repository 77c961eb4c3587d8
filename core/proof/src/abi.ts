import { utf8 } from "@crossguardian/kernel";
import { putWord } from "./words.ts";

const paddedBytes = (value: Uint8Array): number => Math.ceil(value.length / 32) * 32;

const putDynamic = (to: Uint8Array, at: number, value: Uint8Array): number => {
  putWord(to, at, value.length);
  to.set(value, at + 32);
  return at + 32 + paddedBytes(value);
};

/** Encodes (words..., string func, bytes[] args) in one array; `salt` is the only word there may be. */
const encode = (salt: Uint8Array | null, func: string, args: readonly Uint8Array[]): Uint8Array => {
  const name = utf8(func);
  const heads = salt === null ? 64 : 96;
  const nameBytes = 32 + paddedBytes(name);
  let total = heads + nameBytes + 32 + args.length * 32;
  for (const arg of args) total += 32 + paddedBytes(arg);
  const to = new Uint8Array(total);
  if (salt !== null) to.set(salt, 0);
  putWord(to, heads - 64, heads);
  putWord(to, heads - 32, heads + nameBytes);
  let at = putDynamic(to, heads, name);
  putWord(to, at, args.length);
  const base = at + 32;
  at = base + args.length * 32;
  for (const [position, arg] of args.entries()) {
    putWord(to, base + position * 32, at - base);
    at = putDynamic(to, at, arg);
  }
  return to;
};

/** abi.encode(string func, bytes[] args) (protocol, "Hashes"). */
export const encodeCall = (func: string, args: readonly Uint8Array[]): Uint8Array => encode(null, func, args);

/** abi.encode(bytes32 salt, string func, bytes[] args) (protocol, "Hashes"). */
export const encodePrivateCall = (salt: Uint8Array, func: string, args: readonly Uint8Array[]): Uint8Array =>
  encode(salt, func, args);
