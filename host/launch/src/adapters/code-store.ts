import { createHash, hash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { FILL_DEADLINE_MS } from "@crossguardian/isolation";
import { type CodeCache, type CodeKey, type CodeStore } from "../code-cache.ts";
import { type HousePowers } from "../house-powers.ts";
import { withClaim } from "./claim.ts";

const FORMAT = "crossguardian.code.v1";
const OTHERS_WRITE = 0o022;
// Another launcher fills the same cache: it needs a start's time, and the processor is shared.
const CLAIM_DEADLINE_MS = 2 * FILL_DEADLINE_MS;

/** Folder of the code caches; in it a folder for each image, named like it. */
export const codeFolder = (stateDir: string): string => join(stateDir, "code");

const codeName = (key: CodeKey): string =>
  createHash("sha256").update(JSON.stringify([FORMAT, key.nodeSha256, key.image, key.program, key.memoryBytes, key.jailed])).digest("hex");

const listingOf = (folder: string): string | null => {
  const lines: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const { uid, mode } = lstatSync(path);
    if (uid !== 0 || (mode & OTHERS_WRITE) !== 0 || !(entry.isFile() || entry.isDirectory())) return null;
    if (entry.isFile()) lines.push(`code ${hash("sha256", readFileSync(path))} ${relative(folder, path)}`);
  }
  return lines.length === 0 ? null : `${lines.sort().join("\n")}\n`;
};

const readCache = (place: string): CodeCache | "absent" | "changed" => {
  if (lstatSync(place, { throwIfNoEntry: false }) === undefined) return "absent";
  const path = join(place, "files");
  try {
    const listing = readFileSync(join(place, "listing"), "utf8");
    return listingOf(path) === listing ? { path, listing } : "changed";
  } catch {
    return "changed"; // a part of it is gone
  }
};

/** The store under `stateDir`: a cache is made beside its place and moved there whole. */
export const makeCodeStore = (stateDir: string, record: HousePowers["record"]): CodeStore => {
  const root = codeFolder(stateDir);

  const fillAt = async (place: string, fill: (folder: string) => Promise<boolean>): Promise<CodeCache | null> => {
    const there = readCache(place);
    if (typeof there === "object") return there; // filled while the claim was waited for
    if (there === "changed") record("code.changed", { folder: place });
    const unfinished = `${place}.${String(process.pid)}`;
    for (const old of [place, unfinished]) rmSync(old, { recursive: true, force: true });
    try {
      const files = join(unfinished, "files");
      mkdirSync(files, { recursive: true, mode: 0o755 });
      const listing = (await fill(files)) ? listingOf(files) : null;
      if (listing === null) return null;
      writeFileSync(join(unfinished, "listing"), listing, { mode: 0o644 });
      renameSync(unfinished, place);
      return { path: join(place, "files"), listing };
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  };

  return {
    ensure: async (key, fill) => {
      const place = join(root, basename(key.image), codeName(key));
      const there = readCache(place);
      if (typeof there === "object") return there;
      mkdirSync(dirname(place), { recursive: true, mode: 0o755 });
      return withClaim(`${place}.claim`, CLAIM_DEADLINE_MS, () => fillAt(place, fill));
    },
  };
};
