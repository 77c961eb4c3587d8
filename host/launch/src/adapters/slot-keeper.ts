import { existsSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { CodedError, encodeKeySlot } from "@crossguardian/kernel";
import { isExpired, type KeyAge } from "../key-age.ts";
import { type KeyStore, openKeyStore } from "./key-store.ts";
import { storeDurably } from "./store-file.ts";
import { type LentKeys } from "./lent-keys.ts";
import { slotEpoch } from "./wrapped-slot.ts";

/** Key slots as the launcher keeps them: files that domains read and nobody but root writes. */
export type SlotKeeper = {
  /**
   * Before a start: puts a rotated key in its place where `activates`, or where the present one may not be used any more; refuses a slot of an
   * earlier epoch than was used before, and a key older than `lifetimeDays` (null: no limit). Gives the file to lend to the domain: the slot, or
   * where a token wraps it the opened key in memory.
   * @throws launch.key.epoch, launch.key.expired, crypto.key.length, token.*
   */
  readonly use: (name: string, slot: string, activates: boolean, lifetimeDays: number | null) => string;
  /** Asks the token that wraps these slots, where one does, so that no later start or rotation waits for it, and opens them once: a house does not start with half of its keys. @throws token.* */
  readonly open: (slots: readonly string[]) => void;
  /** Writes the key of the next epoch beside the slot, over one that waits there already, and gives the epoch. */
  readonly rotate: (slot: string, key: Uint8Array) => bigint;
};

const nextOf = (slot: string): string => `${slot}.next`;

const epochIn = (slot: string): bigint => slotEpoch(new Uint8Array(readFileSync(slot)));

/** Epoch of a key and since when it is there, as the launcher wrote it down; for one that never started, when its slot was written. */
const sinceOf = (folder: string, name: string, slot: string, epoch: bigint): number => {
  const path = join(folder, `${name}.since`);
  const [, known, since] = /^(\d{1,19}) (\d{1,15})$/u.exec(existsSync(path) ? readFileSync(path, "utf8") : "") ?? [];
  return known === epoch.toString() ? Number(since) : Math.trunc(statSync(slot).mtimeMs);
};

/** How old the key in a slot is, and whether another one waits beside it. `folder`: the house's epochs. */
export const readKeyAge = (folder: string, name: string, slot: string, nowMs: number): KeyAge =>
  ({ ageMs: Math.max(0, nowMs - sinceOf(folder, name, slot, epochIn(slot))), isRotated: existsSync(nextOf(slot)) });

/** Writes the key of the next epoch beside a slot and gives the epoch; `keys rotate --offline` does it for a house that is down. */
export const rotateSlot = (slot: string, key: Uint8Array, store: KeyStore = openKeyStore(dirname(slot))): bigint => {
  const epoch = epochIn(slot) + 1n;
  storeDurably(nextOf(slot), store.encode(slot, { epoch, key }));
  return epoch;
};

/** Keeps slots; the highest epoch each domain has used is remembered in `folder`. */
export const makeSlotKeeper = (folder: string, lent: Pick<LentKeys, "lend">, wallMs: () => number = Date.now): SlotKeeper => {
  const stores = new Map<string, KeyStore>();
  const storeOf = (slot: string): KeyStore => {
    const store = stores.get(dirname(slot)) ?? openKeyStore(dirname(slot));
    stores.set(dirname(slot), store);
    return store;
  };
  return {
    open: (slots) => {
      for (const slot of slots) {
        const store = storeOf(slot);
        store.open();
        if (store.uri !== null) store.decode(slot, new Uint8Array(readFileSync(slot)));
      }
    },
    use: (name, slot, activates, lifetimeDays) => {
      const isTooOld = (): boolean => isExpired(readKeyAge(folder, name, slot, wallMs()), lifetimeDays);
      if (existsSync(nextOf(slot)) && (activates || isTooOld())) renameSync(nextOf(slot), slot);
      const store = storeOf(slot);
      const root = store.decode(slot, new Uint8Array(readFileSync(slot)));
      const { epoch } = root;
      const path = join(folder, `${name}.key`);
      const used = existsSync(path) ? readFileSync(path, "utf8") : "0";
      const highest = /^\d{1,19}$/u.test(used) ? BigInt(used) : 0n;
      if (epoch < highest) throw new CodedError("launch.key.epoch", { name, epoch, used: highest });
      if (isTooOld()) throw new CodedError("launch.key.expired", { name, lifetimeDays: lifetimeDays ?? 0 });
      storeDurably(join(folder, `${name}.since`), `${epoch.toString()} ${sinceOf(folder, name, slot, epoch).toString()}`);
      if (epoch > highest) storeDurably(path, epoch.toString());
      return store.uri === null ? slot : lent.lend(name, encodeKeySlot(root));
    },
    rotate: (slot, key) => rotateSlot(slot, key, storeOf(slot)),
  };
};
