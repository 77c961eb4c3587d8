const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n; // P-256 (SEC 2)
const WORD_BYTES = 32;

const toNumber = (bytes: Uint8Array): bigint => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);

const integer = (value: bigint): readonly number[] => {
  const digits: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 8n) digits.unshift(Number(rest & 0xffn));
  if (digits.length === 0 || (digits[0] ?? 0) >= 0x80) digits.unshift(0);
  return [0x02, digits.length, ...digits];
};

/** ECDSA-Sig-Value in DER with low s, from r || s of 64 bytes. */
export const lowSDer = (raw: Uint8Array): Uint8Array => {
  const s = toNumber(raw.subarray(WORD_BYTES));
  const content = [...integer(toNumber(raw.subarray(0, WORD_BYTES))), ...integer(s > ORDER / 2n ? ORDER - s : s)];
  return Uint8Array.of(0x30, content.length, ...content);
};
