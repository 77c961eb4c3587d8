import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { type JournalFile } from "../journal.ts";
import { MARK_BYTES, type PeekJournal } from "../journal-ahead.ts";

/** A journal longer than this is not read but begun anew, in bytes. */
export const MAX_JOURNAL_READ_BYTES = 256 * 1024 * 1024;
/** Journals looked at in a volume, at most: one per instance that did not clean up. */
const MAX_JOURNALS = 64;
const JOURNAL = /^journal(?:\.(?<epoch>\d{1,19}))?(?<next>\.next)?$/u;

/** `isNext`: begun by its instance and not yet in place. */
type Found = { readonly path: string; readonly epoch: bigint; readonly isNext: boolean };

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

const readPart = (file: number, from: number, to: number): Uint8Array => {
  const bytes = new Uint8Array(Math.max(0, to - from));
  return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from));
};

// Read at once: on a busy machine each step that is waited for is another wait for a core, and a takeover is measured in ms.
const withFile = <T>(path: string, use: (file: number, size: number) => T): T => {
  const file = openSync(path, "r");
  try {
    return use(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
};

const readWhole = (path: string): Uint8Array =>
  withFile(path, (file, size) => (size > MAX_JOURNAL_READ_BYTES ? new Uint8Array(0) : readPart(file, 0, size)));

/** Journals of a volume, the newest instance's first. */
const findJournals = (dataPath: string): readonly Found[] =>
  readdirSync(dataPath)
    .flatMap((name) => {
      const match = JOURNAL.exec(name);
      return match === null ? [] : [{ path: join(dataPath, name), epoch: BigInt(match.groups?.["epoch"] ?? "0"), isNext: match.groups?.["next"] !== undefined }];
    })
    .sort((left, right) => (left.epoch > right.epoch ? -1 : 1));

/** Looks at the newest journal of a volume, for an instance that stands by. One that has just been replaced by a newer one is looked at the next time. */
export const peekJournal = (dataPath: string): PeekJournal => (from) => {
  const newest = findJournals(dataPath).find(({ isNext }) => !isNext);
  if (newest === undefined) return null;
  try {
    return withFile(newest.path, (file, size) => (size > MAX_JOURNAL_READ_BYTES ? null : { mark: readPart(file, 0, Math.min(size, MARK_BYTES)), bytes: readPart(file, from, size) }));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
};

/**
 * The journal of one instance in the volume of its role. It begins with what the newest instance before it had written, in a file of its own: an instance that
 * was replaced and wakes up writes where nobody reads any more. What was read is answered before the new file is on the disk, because a disk's flush may take
 * longer than a takeover may; until then the earlier file stays, and every write waits. @throws interaction.journal.fenced when a later instance was here already
 */
export const openJournalFile = async (dataPath: string, epoch: bigint): Promise<JournalFile> => {
  const path = join(dataPath, `journal.${epoch.toString()}`);
  let file: FileHandle | null = null;
  let end = 0;
  /** Resolves when what was read is in this instance's own file; rejects where it could not be put there. */
  let adopted: Promise<void> = Promise.resolve();
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
  /** Adopted, or never to be: a new file takes the place of what could not be written. */
  const settled = async (): Promise<void> => adopted.catch(() => undefined);
  return {
    read: async () => {
      const found = findJournals(dataPath);
      const [last] = found;
      if (last !== undefined && last.epoch > epoch) throw new CodedError("interaction.journal.fenced", { epoch, newest: last.epoch });
      closeSync(openSync(`${path}.next`, "w")); // from here on an earlier instance finds itself fenced
      const journals = found.filter(({ isNext }) => !isNext).slice(0, MAX_JOURNALS);
      const [newest] = journals;
      const bytes = newest === undefined ? new Uint8Array(0) : readWhole(newest.path);
      const adopt = async (): Promise<void> => {
        // What an earlier one began and did not put in place is of no use to anybody.
        for (const each of found) if (each.isNext && each.epoch < epoch) await rm(each.path, { force: true });
        await replace(bytes);
        for (const each of journals) if (each.epoch < epoch) await rm(each.path, { force: true });
      };
      adopted = adopt();
      adopted.catch(() => undefined); // the first write fails with it
      return bytes;
    },
    truncate: async (keepBytes) => {
      await adopted;
      await handle().truncate(keepBytes);
      end = keepBytes;
    },
    append: async (bytes) => {
      await adopted;
      await writeAll(handle(), bytes, end);
      end += bytes.length;
    },
    sync: async () => {
      await adopted;
      await handle().datasync();
    },
    close: async () => {
      await settled();
      await file?.close();
    },
    replace: async (bytes) => {
      await settled();
      await replace(bytes);
    },
  };
};
