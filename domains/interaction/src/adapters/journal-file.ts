import { type FileHandle, open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type JournalFile } from "../journal.ts";

/** A journal longer than this is not read but begun anew, in bytes. */
export const MAX_JOURNAL_READ_BYTES = 256 * 1024 * 1024;

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

const writeAll = async (file: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
};

/** The journal's file in the domain's volume. */
export const openJournalFile = async (dataPath: string): Promise<JournalFile> => {
  const path = join(dataPath, "journal");
  let file = await open(path, "a+");
  await file.close();
  file = await open(path, "r+");
  let end = 0;
  return {
    read: async () => {
      const { size } = await file.stat();
      if (size > MAX_JOURNAL_READ_BYTES) return new Uint8Array(0);
      const bytes = new Uint8Array(size);
      const { bytesRead } = await file.read(bytes, 0, size, 0);
      end = bytesRead;
      return bytes.subarray(0, bytesRead);
    },
    truncate: async (keepBytes) => {
      await file.truncate(keepBytes);
      end = keepBytes;
    },
    append: async (bytes) => {
      await writeAll(file, bytes, end);
      end += bytes.length;
    },
    sync: () => file.datasync(),
    close: () => file.close(),
    replace: async (bytes) => {
      const next = await open(`${path}.next`, "w+");
      await writeAll(next, bytes, 0);
      await next.datasync();
      await rename(`${path}.next`, path);
      await syncFolder(dirname(path));
      await file.close();
      file = next;
      end = bytes.length;
    },
  };
};
