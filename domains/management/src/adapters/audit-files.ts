import { mkdir, open, readFile, rename, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { type AuditFiles } from "../audit/ports.ts";

/** A log longer than this is not opened, in bytes: put it aside with its checkpoint and begin another. */
export const MAX_AUDIT_BYTES = 256 * 1024 * 1024;

const MODE = 0o600;

const readText = async (path: string): Promise<string | null> => readFile(path, "utf8").catch((error: unknown) => {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
});

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const writeDurably = async (path: string, flags: "w" | "a", text: string): Promise<void> => {
  const handle = await open(path, flags, MODE);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
};

/** The files of a log in a folder: `log.jsonl`, `checkpoint`, `checkpoint.next`. */
export const openAuditFiles = async (folder: string): Promise<AuditFiles> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [log, checkpoint, next] = ["log.jsonl", "checkpoint", "checkpoint.next"].map((name) => join(folder, name)) as [string, string, string]; // three names, three paths
  return {
    read: async () => {
      const size = await stat(log).then((facts) => facts.size, () => 0);
      if (size > MAX_AUDIT_BYTES) throw new CodedError("audit.log.full", { bytes: size });
      return {
        log: size === 0 ? new Uint8Array(0) : new Uint8Array(await readFile(log)),
        checkpoint: await readText(checkpoint),
        next: await readText(next),
      };
    },
    cut: (keepBytes) => truncate(log, keepBytes),
    append: (text) => writeDurably(log, "a", text),
    writeNext: (note) => writeDurably(next, "w", note),
    promoteNext: async () => {
      await rename(next, checkpoint);
      await syncFolder(folder);
    },
  };
};
