import { CodedError } from "@crossguardian/kernel";
import { type BigIntStats, lstatSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { type MeasuredFile } from "../manifest.ts";
import { measureFile, PERMISSION_BITS } from "./measure-file.ts";

// A change within the kernel's clock tick leaves the same times; a file is remembered only when its last change is older than this.
const SETTLED_AFTER_NS = 2_000_000_000n;
const NS_PER_MS = 1_000_000n;

/** Measures files of the installation; a file is read again only when the kernel says that it changed since. */
export type FileMeasurer = {
  /** Like `measureFile`. */
  readonly measure: (absolute: string, path: string) => MeasuredFile;
  /** Stores what is known now; without effect where nothing new was read. */
  readonly save: () => void;
};

/** Reads every file. */
export const READ_ALL: FileMeasurer = { measure: measureFile, save: () => undefined };

const keyOf = ({ dev, ino, size, mtimeNs, ctimeNs, mode, uid }: BigIntStats): string => [dev, ino, size, mtimeNs, ctimeNs, mode, uid].join(" ");

type Memory = Readonly<Record<string, readonly [key: string, sha256: string]>>;

const load = (file: string, about: string): Memory => {
  try {
    const stored = JSON.parse(readFileSync(file, "utf8")) as { readonly about?: unknown; readonly files?: Memory }; // root's own file in the folder of the sealing key
    return stored.about === about && stored.files !== undefined ? stored.files : {};
  } catch {
    return {}; // absent or damaged: every file is read
  }
};

/**
 * Remembers, in a file beside the sealing key, which digest a file had at which change time (ctime: the kernel sets it at each
 * change of content or mode, and nobody can set it back but who sets the clock). For the installation only, which is copied from:
 * what runs, the stored image, is read whole at each start.
 * @param about digest of the manifest; another one starts from nothing
 */
export const rememberFiles = (file: string, about: string, nowMs: () => number = Date.now): FileMeasurer => {
  const known = load(file, about);
  const next: Record<string, readonly [string, string]> = {};
  let isNew = false;
  return {
    measure: (absolute, path) => {
      const stats = lstatSync(absolute, { bigint: true });
      if (!stats.isFile()) throw new CodedError("boot.file.kind", { path });
      const key = keyOf(stats);
      const [lastKey, sha256] = known[absolute] ?? [];
      if (lastKey === key && sha256 !== undefined) {
        next[absolute] = [key, sha256];
        return { path, sha256, mode: Number(stats.mode) & PERMISSION_BITS, bytes: Number(stats.size) };
      }
      const measured = measureFile(absolute, path);
      if (BigInt(nowMs()) * NS_PER_MS - stats.ctimeNs > SETTLED_AFTER_NS) {
        next[absolute] = [key, measured.sha256];
        isNew = true;
      }
      return measured;
    },
    save: () => {
      if (!isNew) return;
      try {
        writeFileSync(`${file}.${String(process.pid)}`, JSON.stringify({ about, files: next }), { mode: 0o600 });
        renameSync(`${file}.${String(process.pid)}`, file);
      } catch {
        // A read-only folder: the next start reads everything again.
      }
    },
  };
};
