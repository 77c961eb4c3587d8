import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { BLOCKS_COUNT } from "../uid-plan.ts";
import { withClaim } from "./claim.ts";
import { makeFolder, storeDurably } from "./store-file.ts";

// Whoever has it reads and writes small files.
const CLAIM_DEADLINE_MS = 10_000;

/** Blocks of user ids on this host: a file per block that is taken, in it the data folder of its house. Launchers start side by side. */
const blocksFolder = (stateDir: string): string => join(stateDir, "uids");

const blockFile = (folder: string, block: number): string => join(folder, String(block));

const ownerOf = (folder: string, block: number): string | null => {
  const path = blockFile(folder, block);
  return existsSync(path) ? readFileSync(path, "utf8") : null;
};

const findBlock = (of: (block: number) => boolean): number | null => {
  for (let block = 0; block < BLOCKS_COUNT; block += 1) if (of(block)) return block;
  return null;
};

/**
 * Takes a block of user ids for the house of `dataDir`, the same one each time; a block whose house's data is gone is free. Makes the data folder.
 * @throws launch.uids.exhausted, launch.uids.busy
 */
export const takeUidBlock = async (stateDir: string, dataDir: string): Promise<number> => {
  const folder = blocksFolder(stateDir);
  makeFolder(stateDir, 0o755);
  makeFolder(folder, 0o700);
  const taken = await withClaim(join(folder, "claim"), CLAIM_DEADLINE_MS, () => {
    const mine = findBlock((block) => ownerOf(folder, block) === dataDir);
    if (mine !== null) return mine;
    const free = findBlock((block) => {
      const owner = ownerOf(folder, block);
      return owner === null || !existsSync(owner);
    });
    if (free === null) throw new CodedError("launch.uids.exhausted", { blocks: BLOCKS_COUNT });
    storeDurably(blockFile(folder, free), dataDir);
    // Before the next launcher looks whose data is gone.
    makeFolder(dataDir, 0o711);
    return free;
  });
  if (taken === null) throw new CodedError("launch.uids.busy", { path: folder });
  return taken;
};

/** Gives the block back where the house's data is gone; what is not given back is found free later. */
export const returnUidBlock = async (stateDir: string, dataDir: string): Promise<void> => {
  if (existsSync(dataDir)) return;
  const folder = blocksFolder(stateDir);
  await withClaim(join(folder, "claim"), CLAIM_DEADLINE_MS, () => {
    const mine = findBlock((block) => ownerOf(folder, block) === dataDir);
    if (mine !== null) rmSync(blockFile(folder, mine), { force: true });
  });
};
