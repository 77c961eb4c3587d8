import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { CodedError } from "@crossguardian/kernel";
import { isHouseRunning, type MovedKeys, moveToFiles, moveToToken, openKeyStore } from "@crossguardian/launch";

import { isWorldSaved, readSavedWorld } from "../saved-world.ts";

/** Where root keys are to be kept: wrapped by a token's key, or in files as they are. */
export type WishedStore = { readonly token: string; readonly makes: boolean } | "files";

const requireDown = (dataDir: string): void => {
  if (!isWorldSaved(dataDir)) return;
  const { topology, runDir } = readSavedWorld(dataDir);
  const running = ["relay", ...topology.gateways.map(({ name }) => name)].filter((house) => isHouseRunning(join(runDir, house)));
  if (running.length > 0) throw new CodedError("token.store.running", { houses: running.join(" ") });
};

/** Moves the root keys of an instance whose houses are down; before its first start there are none, and it begins with that store. @throws token.* */
export const moveKeyStore = (dataDir: string, wished: WishedStore): MovedKeys => {
  requireDown(dataDir);
  const folder = join(dataDir, "keys");
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return wished === "files" ? moveToFiles(folder) : moveToToken(folder, wished.token, wished.makes);
};

/** The token that wraps an instance's root keys, after it was asked; null: none. @throws token.* */
export const keyStoreOf = (dataDir: string): string | null => {
  const store = openKeyStore(join(dataDir, "keys"));
  store.open();
  return store.uri;
};
