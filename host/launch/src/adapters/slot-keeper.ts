import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CodedError, decodeKeySlot, encodeKeySlot } from "@crossguardian/kernel";
import { isExpired, type KeyAge } from "../key-age.ts";

const OWNER_ONLY = 0o600;

/** Key slots as the launcher keeps them: files that domains read and nobody but root writes. */
export type SlotKeeper = {
  /**
   * Before a start: puts a rotated key in its place where `activates`, or where the present one may not be used any more; refuses a slot of an
   * earlier epoch than was used before, and a key older than `lifetimeDays` (null: no limit).
   * @throws launch.key.epoch, launch.key.expired, crypto.key.length
   */
  readonly use: (name: string, slot: string, activates: boolean, lifetimeDays: number | null) => void;
  /** Writes the key of the next epoch beside the slot, over one that waits there already, and gives the epoch. */
  readonly rotate: (slot: string, key: Uint8Array) => bigint;
};

const nextOf = (slot: string): string => `${slot}.next`;

const storeDurably = (path: string, bytes: Uint8Array | string): void => {
  writeFileSync(`${path}.new`, bytes, { mode: OWNER_ONLY, flush: true });
  renameSync(`${path}.new`, path);
};

const epochIn = (slot: string): bigint => decodeKeySlot(new Uint8Array(readFileSync(slot))).epoch;

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
export const rotateSlot = (slot: string, key: Uint8Array): bigint => {
  const epoch = epochIn(slot) + 1n;
  storeDurably(nextOf(slot), encodeKeySlot({ epoch, key }));
  return epoch;
};

/** Keeps slots; the highest epoch each domain has used is remembered in `folder`. */
export const makeSlotKeeper = (folder: string, wallMs: () => number = Date.now): SlotKeeper => ({
  use: (name, slot, activates, lifetimeDays) => {
    const isTooOld = (): boolean => isExpired(readKeyAge(folder, name, slot, wallMs()), lifetimeDays);
    if (existsSync(nextOf(slot)) && (activates || isTooOld())) renameSync(nextOf(slot), slot);
    const epoch = epochIn(slot);
    const path = join(folder, `${name}.key`);
    const used = existsSync(path) ? readFileSync(path, "utf8") : "0";
    const highest = /^\d{1,19}$/u.test(used) ? BigInt(used) : 0n;
    if (epoch < highest) throw new CodedError("launch.key.epoch", { name, epoch, used: highest });
    if (isTooOld()) throw new CodedError("launch.key.expired", { name, lifetimeDays: lifetimeDays ?? 0 });
    storeDurably(join(folder, `${name}.since`), `${epoch.toString()} ${sinceOf(folder, name, slot, epoch).toString()}`);
    if (epoch > highest) storeDurably(path, epoch.toString());
  },
  rotate: rotateSlot,
});
