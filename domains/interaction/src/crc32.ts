const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 (ISO 3309) over one byte `first` and then the bytes: finds torn and rotten records, stops no attacker. */
export const crc32 = (bytes: Uint8Array, first: number): number => {
  let crc = 0xffffffff;
  crc = (TABLE[(crc ^ first) & 0xff] ?? 0) ^ (crc >>> 8);
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
};
