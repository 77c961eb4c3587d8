const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/** Writes a number below 2^64 as an abi word into zeroed bytes. */
export const putWord = (to: Uint8Array, at: number, value: bigint | number): void => {
  let rest = Number(BigInt.asUintN(32, BigInt(value)));
  let high = typeof value === "number" ? Math.floor(value / 0x1_0000_0000) : Number(value >> 32n);
  for (let last = at + 31; rest > 0; last -= 1) {
    to[last] = rest & 0xff;
    rest = Math.floor(rest / 256);
  }
  for (let last = at + 27; high > 0; last -= 1) {
    to[last] = high & 0xff;
    high = Math.floor(high / 256);
  }
};

/** One abi word of a number. */
export const wordOf = (value: bigint | number): Uint8Array => {
  const word = new Uint8Array(32);
  if (value <= MAX_U64) {
    putWord(word, 0, value);
    return word;
  }
  let rest = BigInt(value);
  for (let at = 31; at >= 0 && rest > 0n; at -= 1) {
    word[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return word;
};

/** One abi word of an address or shorter value: left-padded. */
export const wordOfBytes = (value: Uint8Array): Uint8Array => {
  const word = new Uint8Array(32);
  word.set(value.subarray(Math.max(0, value.length - 32)), 32 - Math.min(32, value.length));
  return word;
};
