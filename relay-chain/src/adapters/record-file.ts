import { type FileHandle, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { type EncodedRecord, encodeRecord, RECORD_HEADER_BYTES, scanRecord } from "../log/record.ts";
import { type RecordLog, type RecordLogOptions } from "../log/record-log.ts";

/** Parts shorter than this on average are written as one. */
const SMALL_PART_BYTES = 16 * 1024;
const SCAN_BYTES = 4 * 1024 * 1024;
/** So much of a log's end is written anew when it is opened, in bytes; more than ever waits for one sync. */
const ANEW_BYTES = 64 * 1024 * 1024;

/** Makes the names in a folder durable: a file that was created or renamed there. */
export const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

const readAt = async (file: FileHandle, offset: number, length: number): Promise<Uint8Array> => {
  const buffer = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
};

/** Writes the records; small ones together, so that one call does. */
const writeAt = async (file: FileHandle, records: readonly EncodedRecord[], offset: number): Promise<void> => {
  const parts = records.flatMap((each) => each.parts);
  const length = records.reduce((sum, each) => sum + each.length, 0);
  if (length === 0) return;
  const isSmall = length < parts.length * SMALL_PART_BYTES;
  const { bytesWritten } = await file.writev(isSmall ? [Buffer.concat(parts)] : parts, offset);
  if (bytesWritten === length) return;
  const rest = Buffer.concat(parts).subarray(bytesWritten);
  let written = 0;
  while (written < rest.length) {
    const more = await file.write(rest, written, rest.length - written, offset + bytesWritten + written);
    written += more.bytesWritten;
  }
};

const lengthOf = (records: readonly EncodedRecord[]): number => records.reduce((sum, each) => sum + each.length, 0);

/** Gives each whole record to `onRecord` and returns where the first byte after them is. */
const scanFile = async (file: FileHandle, onRecord: RecordLogOptions["onRecord"]): Promise<number> => {
  let base = 0;
  let window = await readAt(file, 0, SCAN_BYTES);
  let at = 0;
  for (;;) {
    const step = scanRecord(crc32, window, at);
    if (step.kind === "torn") return base + at;
    if (step.kind === "record") {
      onRecord(step.payload, base + at);
      at = step.nextAt;
      continue;
    }
    base += at;
    at = 0;
    window = await readAt(file, base, Math.max(SCAN_BYTES, step.wanted));
    if (window.length < step.wanted) return base;
  }
};

/**
 * After a failed sync the kernel keeps what is not on the disk, takes it for clean and reads it like the rest (fsync(2), "NOTES"); a record that is found is
 * built upon. So the end is written once more: only then a sync says that it is there.
 */
const writeEndAnew = async (file: FileHandle, end: number): Promise<void> => {
  for (let at = Math.max(0, end - ANEW_BYTES); at < end; at += SCAN_BYTES) {
    const piece = await readAt(file, at, Math.min(SCAN_BYTES, end - at));
    for (let written = 0; written < piece.length; ) {
      const { bytesWritten } = await file.write(piece, written, piece.length - written, at + written);
      written += bytesWritten;
    }
  }
  await file.datasync();
};

/**
 * Opens or creates a log file. The tail that is no whole record is reported and cut off.
 * A failed write or sync rejects every flush from then on: what is on the disk is then unknown.
 * What was found is on the disk when it resolves. @throws what write or sync throw
 */
export const openRecordFile = async ({ path, onRecord, onTorn }: RecordLogOptions): Promise<RecordLog> => {
  let file = await open(path, "a+");
  await file.close();
  await syncFolder(dirname(path));
  file = await open(path, "r+");
  const { size } = await file.stat();
  let end = await scanFile(file, onRecord);
  if (end < size) {
    onTorn({ offset: end, bytes: size - end });
    await file.truncate(end);
  }
  await writeEndAnew(file, end);
  let writtenTo = end;
  let queue: EncodedRecord[] = [];
  let waiters: { readonly resolve: () => void; readonly reject: (reason: unknown) => void }[] = [];
  let isUnsynced = false;
  let running: Promise<void> | null = null;
  let isHeld = false;
  let broken: unknown = null;

  const step = async (): Promise<void> => {
    const parts = queue;
    const waiting = waiters;
    queue = [];
    waiters = [];
    try {
      if (broken !== null) throw new Error("the log is broken", { cause: broken });
      if (parts.length > 0) {
        isUnsynced = true;
        await writeAt(file, parts, writtenTo);
        writtenTo += lengthOf(parts);
      }
      if (waiting.length > 0 && isUnsynced) {
        await file.datasync();
        isUnsynced = false;
      }
      for (const each of waiting) each.resolve();
    } catch (error) {
      broken ??= error;
      for (const each of waiting) each.reject(error);
    }
  };

  const drain = async (): Promise<void> => {
    await Promise.resolve();
    while (!isHeld && (queue.length > 0 || waiters.length > 0)) await step();
    running = null;
  };
  const run = (): void => {
    if (!isHeld) running ??= drain();
  };

  const flush = (): Promise<void> =>
    new Promise((resolve, reject) => {
      waiters.push({ resolve, reject });
      run();
    });

  return {
    append: (...payload) => {
      const offset = end;
      const record = encodeRecord(crc32, payload);
      queue.push(record);
      end += record.length;
      run();
      return offset;
    },
    flush,
    read: async (offset) => {
      if (offset >= writtenTo) await flush();
      const first = await readAt(file, offset, 4096);
      let found = scanRecord(crc32, first, 0);
      if (found.kind === "more" && found.wanted > RECORD_HEADER_BYTES) {
        found = scanRecord(crc32, await readAt(file, offset, found.wanted), 0);
      }
      if (found.kind !== "record") throw new Error(`no record at ${String(offset)} of ${path}`);
      return found.payload;
    },
    bytes: () => end,
    replace: async (payloads) => {
      const records = payloads.map((each) => encodeRecord(crc32, each));
      isHeld = true;
      if (running !== null) await running;
      const fresh = await open(`${path}.new`, "w+");
      await writeAt(fresh, records, 0);
      await fresh.sync();
      await rename(`${path}.new`, path);
      await syncFolder(dirname(path));
      const before = file;
      file = fresh;
      writtenTo = lengthOf(records);
      end = writtenTo + lengthOf(queue);
      isUnsynced = false;
      isHeld = false;
      run();
      await before.close();
    },
    close: async () => {
      await flush();
      await file.close();
    },
  };
};
