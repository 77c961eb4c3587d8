/** The parts of Linux's boot protocol (kernel document x86/boot) that are read. */
const SETUP_SECTORS_AT = 0x1f1;
const PAYLOAD_OFFSET_AT = 0x248;
const PAYLOAD_LENGTH_AT = 0x24c;
const SECTOR_BYTES = 512;
/** The payload ends with the length of what it unpacks to. */
const LENGTH_BYTES = 4;

/** LZ4's old frame format: this number, then blocks that each begin with their packed length. */
const LZ4_LEGACY = 0x184c2102;
const MIN_MATCH_BYTES = 4;
const NIBBLE = 15;

/** Unpacks one LZ4 block into `target` at `at`; returns where it ended. */
const unpackBlock = (block: Uint8Array, target: Uint8Array, start: number): number => {
  let from = 0;
  let at = start;
  const byte = (): number => block[from++] ?? 0;
  const length = (nibble: number): number => {
    let total = nibble;
    if (nibble === NIBBLE) {
      let more: number;
      do {
        more = byte();
        total += more;
      } while (more === 255);
    }
    return total;
  };
  while (from < block.length) {
    const token = byte();
    const literals = length(token >> 4);
    target.set(block.subarray(from, from + literals), at);
    from += literals;
    at += literals;
    if (from >= block.length) break;
    const distance = byte() + byte() * 256;
    const matched = length(token & NIBBLE) + MIN_MATCH_BYTES;
    if (distance === 0 || distance > at) throw new RangeError("a match points before the start");
    for (let left = matched; left > 0; left -= 1, at += 1) target[at] = target[at - distance] ?? 0;
  }
  return at;
};

const unpack = (packed: Uint8Array, bytes: number): Uint8Array => {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const target = new Uint8Array(bytes);
  let from = 4;
  let at = 0;
  while (from + 4 <= packed.length) {
    const length = view.getUint32(from, true);
    at = unpackBlock(packed.subarray(from + 4, from + 4 + length), target, at);
    from += 4 + length;
  }
  if (at !== bytes) throw new RangeError(`unpacked ${String(at)} of ${String(bytes)} bytes`);
  return target;
};

/**
 * The kernel inside a bzImage as the ELF file it was linked as, which QEMU starts by its PVH note without unpacking it at every boot.
 * Null where it is packed in another way than Debian 12's.
 */
export const kernelOf = (bzImage: Uint8Array): Uint8Array | null => {
  const view = new DataView(bzImage.buffer, bzImage.byteOffset, bzImage.length);
  const start = (view.getUint8(SETUP_SECTORS_AT) + 1) * SECTOR_BYTES + view.getUint32(PAYLOAD_OFFSET_AT, true);
  const end = start + view.getUint32(PAYLOAD_LENGTH_AT, true);
  if (end > bzImage.length || view.getUint32(start, true) !== LZ4_LEGACY) return null;
  return unpack(bzImage.subarray(start, end - LENGTH_BYTES), view.getUint32(end - LENGTH_BYTES, true));
};
