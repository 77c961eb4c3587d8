import { type FileHandle, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { type JournalFile } from "../journal.ts";

/** A journal longer than this is not read but begun anew, in bytes. */
export const MAX_JOURNAL_READ_BYTES = 256 * 1024 * 1024;
/** Journals looked at in a volume, at most: one per instance that did not clean up. */
const MAX_JOURNALS = 64;
const JOURNAL = /^journal(?:\.(?<epoch>\d{1,19}))?$/u;

type Found = { readonly path: string; readonly epoch: bigint };

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

const readWhole = async (path: string): Promise<Uint8Array> => {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    if (size > MAX_JOURNAL_READ_BYTES) return new Uint8Array(0);
    const bytes = new Uint8Array(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
};

/** Journals of a volume, the newest instance's first. */
const findJournals = async (dataPath: string): Promise<readonly Found[]> =>
  (await readdir(dataPath))
    .flatMap((name) => {
      const match = JOURNAL.exec(name);
      return match === null ? [] : [{ path: join(dataPath, name), epoch: BigInt(match.groups?.["epoch"] ?? "0") }];
    })
    .sort((left, right) => (left.epoch > right.epoch ? -1 : 1))
    .slice(0, MAX_JOURNALS);

/**
 * The journal of one instance in the volume of its role. It begins with what the newest instance before it had written, in a file of its own: an instance that
 * was replaced and wakes up writes where nobody reads any more. @throws interaction.journal.fenced when a later instance was here already
 */
export const openJournalFile = async (dataPath: string, epoch: bigint): Promise<JournalFile> => {
  const path = join(dataPath, `journal.${epoch.toString()}`);
  let file: FileHandle | null = null;
  let end = 0;
  const handle = (): FileHandle => {
    if (file === null) throw new CodedError("interaction.journal.unread");
    return file;
  };
  const replace = async (bytes: Uint8Array): Promise<void> => {
    const next = await open(`${path}.next`, "w+");
    await writeAll(next, bytes, 0);
    await next.datasync();
    await rename(`${path}.next`, path);
    await syncFolder(dataPath);
    await file?.close();
    file = next;
    end = bytes.length;
  };
  return {
    read: async () => {
      const found = await findJournals(dataPath);
      const [newest] = found;
      if (newest !== undefined && newest.epoch > epoch) throw new CodedError("interaction.journal.fenced", { epoch, newest: newest.epoch });
      const bytes = newest === undefined ? new Uint8Array(0) : await readWhole(newest.path);
      await replace(bytes);
      for (const each of found) if (each.epoch < epoch) await rm(each.path, { force: true });
      return bytes;
    },
    truncate: async (keepBytes) => {
      await handle().truncate(keepBytes);
      end = keepBytes;
    },
    append: async (bytes) => {
      await writeAll(handle(), bytes, end);
      end += bytes.length;
    },
    sync: () => handle().datasync(),
    close: async () => file?.close(),
    replace,
  };
};
