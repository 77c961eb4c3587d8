/** Where code is loaded; the data lies above it, both below 2 GiB so that 32-bit calls can name them. */
const TEXT_ADDRESS = 0x40_0000;

const PAGE_BYTES = 0x1000;
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const SEGMENTS = 2;
const LOAD = 1;
const EXECUTABLE = 5; // readable and executable
const WRITABLE = 6;
const X86_64 = 62;

const roundUp = (value: number): number => Math.ceil(value / PAGE_BYTES) * PAGE_BYTES;

/** A program of the System V ABI (ELF-64, gABI chapter 4): one segment of code, entered at its start, and one of data. */
export const encodeElf = (code: Uint8Array, data: { readonly address: number; readonly bytes: Uint8Array }): Uint8Array => {
  const codeAt = PAGE_BYTES;
  const dataAt = roundUp(codeAt + code.length);
  const file = new Uint8Array(dataAt + data.bytes.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, X86_64, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(TEXT_ADDRESS), true);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true);
  view.setUint16(52, HEADER_BYTES, true);
  view.setUint16(54, SEGMENT_BYTES, true);
  view.setUint16(56, SEGMENTS, true);
  const segment = (at: number, flags: number, offset: number, address: number, length: number): void => {
    view.setUint32(at, LOAD, true);
    view.setUint32(at + 4, flags, true);
    for (const [field, value] of [[8, offset], [16, address], [24, address], [32, length], [40, length], [48, PAGE_BYTES]] as const) {
      view.setBigUint64(at + field, BigInt(value), true);
    }
  };
  segment(HEADER_BYTES, EXECUTABLE, codeAt, TEXT_ADDRESS, code.length);
  segment(HEADER_BYTES + SEGMENT_BYTES, WRITABLE, dataAt, data.address, data.bytes.length);
  file.set(code, codeAt);
  file.set(data.bytes, dataAt);
  return file;
};
