/** One entry of an archive; a directory has no bytes. */
export type CpioEntry = { readonly path: string; readonly mode: number; readonly bytes?: Uint8Array };

const ALIGN = 4;
const TRAILER = "TRAILER!!!";

const padded = (bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(Math.ceil(bytes.length / ALIGN) * ALIGN);
  out.set(bytes);
  return out;
};

const encoder = new TextEncoder();

const record = (number: number, { path, mode, bytes = new Uint8Array(0) }: CpioEntry): readonly Uint8Array[] => {
  const name = encoder.encode(`${path}\0`);
  // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
  const fields = [number, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length, 0];
  const head = encoder.encode(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`);
  const headAndName = new Uint8Array(head.length + name.length);
  headAndName.set(head);
  headAndName.set(name, head.length);
  return [padded(headAndName), padded(bytes)];
};

/** A cpio archive of the kind `newc` as the kernel unpacks it, without times and users, so that the same entries give the same bytes. */
export const encodeCpio = (entries: readonly CpioEntry[]): Uint8Array => {
  const pieces = [...entries, { path: TRAILER, mode: 0 }].flatMap((entry, at) => record(at + 1, entry));
  const archive = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    archive.set(piece, at);
    at += piece.length;
  }
  return archive;
};
