import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeStoreUse } from "../decode-store-use.ts";
import { digestsToKeep, type StoreUse } from "../plan-prune.ts";
import { withClaim } from "./claim.ts";
import { codeFolder } from "./code-store.ts";
import { identify, isAlive } from "./process-identity.ts";

const CLAIM_DEADLINE_MS = 5_000;
/** Uses of launchers that ended which are remembered. */
const REMEMBERED_USES_COUNT = 32;
/** A stored folder that changed since stays, in ms: what made it may not have said so yet. */
const LEAST_AGE_MS = 3_600_000;
const FINISHED = /^[0-9a-f]{64}$/u;
const UNFINISHED = /^[0-9a-f]{64}\.(\d+)$/u;
const GOING = ".going";

type FoundUse = StoreUse & { readonly path: string };

const readUses = (folder: string): readonly FoundUse[] =>
  readdirSync(folder).filter((name) => name.endsWith(".json")).map((name) => {
    const path = join(folder, name);
    const { launcher, images } = decodeStoreUse(readFileSync(path, "utf8"));
    return { path, atMs: statSync(path).mtimeMs, running: launcher !== null && isAlive(launcher), images };
  });

const isOld = (path: string): boolean => Date.now() - lstatSync(path).ctimeMs > LEAST_AGE_MS;

const isLeftOver = (name: string): boolean => {
  const pid = UNFINISHED.exec(name)?.[1];
  return name.endsWith(GOING) || (pid !== undefined && identify(Number(pid)) === null);
};

/** Moves what nobody needs out of the way, and tells where it is. */
const sortOut = (folder: string, kept: ReadonlySet<string>): readonly string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (isLeftOver(name)) return [path];
    if (!FINISHED.test(name) || kept.has(name) || !isOld(path)) return [];
    renameSync(path, `${path}${GOING}`);
    return [`${path}${GOING}`];
  });

/**
 * Writes down which stored images this launcher uses, then removes those nobody needs and the code that was compiled from them:
 * under one claim, so that no launcher takes a folder that is going.
 * @returns how many folders were removed
 */
export const useImages = async (stateDir: string, instance: string, images: StoreUse["images"]): Promise<number> => {
  const uses = join(stateDir, "uses");
  const shelves = [join(stateDir, "images"), codeFolder(stateDir)];
  for (const folder of [stateDir, uses, ...shelves]) mkdirSync(folder, { recursive: true, mode: 0o755 });
  const write = (): void => {
    const text = JSON.stringify({ launcher: identify(process.pid), images });
    writeFileSync(join(uses, `${instance}.${String(process.pid)}.json`), text, { mode: 0o600 });
  };
  const going = await withClaim(join(uses, "claim"), CLAIM_DEADLINE_MS, () => {
    write();
    const found = readUses(uses);
    const ended = found.filter(({ running }) => !running).sort((left, right) => right.atMs - left.atMs);
    for (const { path } of ended.slice(REMEMBERED_USES_COUNT)) rmSync(path, { force: true });
    const kept = digestsToKeep(found);
    return shelves.flatMap((shelf) => sortOut(shelf, kept));
  });
  // The claim was not to be had: the next launcher tidies up.
  if (going === null) write();
  for (const folder of going ?? []) rmSync(folder, { recursive: true, force: true });
  return going?.length ?? 0;
};
