import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { copyTree } from "@crossguardian/world";

import { type runChaos } from "./run-chaos.ts";

/** Ways to break exactly-once on purpose. */
export const BREAKS = ["dedupe", "fsync", "fence"] as const;
/** One of {@link BREAKS}. */
export type Break = (typeof BREAKS)[number];

/** One place of the source that is changed; `find` occurs once. */
export type Patch = { readonly file: string; readonly find: string; readonly replace: string };

const DESTINATION = "contracts/evm/solidity/Destination.sol";
const LOG = "relay-chain/src/adapters/record-file.ts";

/**
 * - dedupe: the destination executes a request again that it has decided, so a transaction that is sent twice moves assets twice
 * - fence: a decision does not fence its index against a later CANCEL, so what was executed can be cancelled and refunded as well
 * - fsync: the logs of orderer and validators say that a record is durable and write it three seconds later, so a kill forgets what was certified
 */
export const PATCHES: Readonly<Record<Break, readonly Patch[]>> = {
  dedupe: [{ file: DESTINATION, find: "if (receipts[pair][entry.index] != 0) return true;", replace: "" }],
  fence: [{ file: DESTINATION, find: "if (receipts[pair][entry.index] != 0) continue;\n            if (entry.status", replace: "if (entry.status" }],
  fsync: [
    { file: LOG, find: "if (!isHeld) running ??= drain();", replace: "if (!isHeld) setTimeout(() => (running ??= drain()), 3_000);" },
    { file: LOG, find: "waiters.push({ resolve, reject });\n      run();", replace: "resolve(void reject);" },
  ],
};

/** Applies a patch to a source. @throws Error when the place is not there exactly once */
export const patched = (source: string, { file, find, replace }: Patch): string => {
  if (source.split(find).length !== 2) throw new Error(`${file} has not exactly one place to break`);
  return source.replace(find, () => replace);
};

/** A copy of this program that is broken in one way. */
export type BrokenTree = { readonly runChaos: typeof runChaos; readonly stateDir: string; readonly remove: () => void };

/**
 * Makes the copy: patched, contracts compiled anew, sealed with a key of its own. The break is in its sources alone; no switch of the program
 * leads to it, and nothing of this tree is changed.
 */
export const makeBrokenTree = async (how: Break): Promise<BrokenTree> => {
  const stateDir = mkdtempSync(join(tmpdir(), "crossguardian-broken-"));
  chmodSync(stateDir, 0o711); // the users of the domains pass through
  const { root, remove } = await copyTree(async (copy) => {
    for (const patch of PATCHES[how]) {
      const path = join(copy, patch.file);
      writeFileSync(path, patched(readFileSync(path, "utf8"), patch));
    }
    if (PATCHES[how].some(({ file }) => file.endsWith(".sol"))) await promisify(execFile)(process.execPath, [join(copy, "contracts/evm/src/compile.ts")]);
  });
  const removeAll = (): void => {
    remove();
    rmSync(stateDir, { recursive: true, force: true });
  };
  try {
    const chaos = (await import(pathToFileURL(join(root, "chaos/src/index.ts")).href)) as { readonly runChaos: typeof runChaos }; // the same module, of the copy
    return { runChaos: chaos.runChaos, stateDir, remove: removeAll };
  } catch (error) {
    removeAll();
    throw error;
  }
};
