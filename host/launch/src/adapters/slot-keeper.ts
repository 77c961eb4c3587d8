import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CodedError, decodeKeySlot, encodeKeySlot } from "@crossguardian/kernel";

const OWNER_ONLY = 0o600;

/** Key slots as the launcher keeps them: files that domains read and nobody but root writes. */
export type SlotKeeper = {
  /**
   * Before a start: puts a rotated key in its place where `activates`, and refuses a slot of an earlier epoch than was used before.
   * @throws launch.key.epoch, crypto.key.length
   */
  readonly use: (name: string, slot: string, activates: boolean) => void;
  /** Writes the key of the next epoch beside the slot, over one that waits there already, and gives the epoch. */
  readonly rotate: (slot: string, key: Uint8Array) => bigint;
};

const nextOf = (slot: string): string => `${slot}.next`;

const storeDurably = (path: string, bytes: Uint8Array | string): void => {
  writeFileSync(`${path}.new`, bytes, { mode: OWNER_ONLY, flush: true });
  renameSync(`${path}.new`, path);
};

/** Keeps slots; the highest epoch each domain has used is remembered in `folder`. */
export const makeSlotKeeper = (folder: string): SlotKeeper => ({
  use: (name, slot, activates) => {
    if (activates && existsSync(nextOf(slot))) renameSync(nextOf(slot), slot);
    const { epoch } = decodeKeySlot(new Uint8Array(readFileSync(slot)));
    const path = join(folder, `${name}.key`);
    const used = existsSync(path) ? readFileSync(path, "utf8") : "0";
    const highest = /^\d{1,19}$/u.test(used) ? BigInt(used) : 0n;
    if (epoch < highest) throw new CodedError("launch.key.epoch", { name, epoch, used: highest });
    if (epoch > highest) storeDurably(path, epoch.toString());
  },
  rotate: (slot, key) => {
    const epoch = decodeKeySlot(new Uint8Array(readFileSync(slot))).epoch + 1n;
    storeDurably(nextOf(slot), encodeKeySlot({ epoch, key }));
    return epoch;
  },
});
