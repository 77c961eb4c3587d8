import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { decodeKeySlot, encodeKeySlot } from "@crossguardian/kernel";
import { documentFor, type KeyStore, newTokenStore, openKeyStore, storePath } from "./key-store.ts";
import { storeDurably } from "./store-file.ts";
import { isWrapped } from "./wrapped-slot.ts";

const SLOT = /^[a-z0-9-]{1,64}\.key(\.next)?$/u;

/** What a move did; `slots`: how many hold other bytes than before. */
export type MovedKeys = { readonly store: string | null; readonly slots: number };

const slotsIn = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && SLOT.test(entry.name)).map(({ name }) => join(folder, name));

const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

/** Puts other bytes in a slot's place, and writes over the old ones where they were a key; a disk may keep copies all the same. */
const replace = (path: string, bytes: Uint8Array): void => {
  const before = bytesOf(path);
  const old = openSync(path, "r+");
  try {
    storeDurably(path, bytes);
    if (isWrapped(before)) return;
    writeSync(old, new Uint8Array(before.length), 0, before.length, 0);
    fsyncSync(old);
  } finally {
    closeSync(old);
  }
};

/** The store to move to, written down; the same key by another URI keeps its slots as they are. */
const describeStore = (folder: string, uri: string, makes: boolean): KeyStore => {
  const present = openKeyStore(folder);
  if (present.uri === uri) return present;
  const { store, document } = newTokenStore(uri, makes);
  const same = present.uri === null ? null : documentFor(folder, uri);
  if (same !== null) {
    storeDurably(storePath(folder), same);
    return openKeyStore(folder);
  }
  if (present.uri !== null) moveToFiles(folder);
  storeDurably(storePath(folder), document);
  return store;
};

/** Wraps every key of a folder under a token's key, also where that was begun and interrupted. From another key it goes by way of files. @throws token.* */
export const moveToToken = (folder: string, uri: string, makes: boolean): MovedKeys => {
  const store = describeStore(folder, uri, makes);
  store.open();
  const open = slotsIn(folder).filter((path) => !isWrapped(bytesOf(path)));
  for (const path of open) replace(path, store.encode(path, decodeKeySlot(bytesOf(path))));
  return { store: uri, slots: open.length };
};

/** Opens every key of a folder and keeps it as it is. @throws token.* */
export const moveToFiles = (folder: string): MovedKeys => {
  const store = openKeyStore(folder);
  const wrapped = slotsIn(folder).filter((path) => isWrapped(bytesOf(path)));
  const opened = wrapped.map((path) => ({ path, root: store.decode(path, bytesOf(path)) }));
  for (const { path, root } of opened) replace(path, encodeKeySlot(root));
  rmSync(storePath(folder), { force: true });
  return { store: null, slots: wrapped.length };
};
