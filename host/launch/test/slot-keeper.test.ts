import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CodedError, decodeKeySlot } from "@crossguardian/kernel";
import { makeSlotKeeper, readKeyAge } from "../src/adapters/slot-keeper.ts";

/** Keys that lie in files are lent as they are. */
const none = { lend: (name: string): string => assert.fail(name) };
const withSlot = (run: (slot: string, keeper: ReturnType<typeof makeSlotKeeper>, folder: string) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), "cg-slot-"));
  try {
    const slot = join(folder, "interaction.key");
    writeFileSync(slot, new Uint8Array(32).fill(1), { mode: 0o600 });
    mkdirSync(join(folder, "epochs"));
    run(slot, makeSlotKeeper(join(folder, "epochs"), none), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};
const held = (slot: string) => decodeKeySlot(new Uint8Array(readFileSync(slot)));
const isOld = (error: unknown): boolean => error instanceof CodedError && error.code === "launch.key.epoch";

test("a rotated key waits beside the slot until an orderly start, and has the next epoch", () => {
  withSlot((slot, keeper) => {
    keeper.use("interaction", slot, true, null);
    assert.equal(keeper.rotate(slot, new Uint8Array(32).fill(2)), 2n);
    assert.equal(statSync(`${slot}.next`).mode & 0o777, 0o600);
    keeper.use("interaction", slot, false, null);
    assert.deepEqual(held(slot), { epoch: 1n, key: new Uint8Array(32).fill(1) });
    keeper.use("interaction", slot, true, null);
    assert.deepEqual(held(slot), { epoch: 2n, key: new Uint8Array(32).fill(2) });
    assert.equal(keeper.rotate(slot, new Uint8Array(32).fill(3)), 3n);
  });
});

test("a slot of an earlier epoch than was used is refused: an old key does not come back", () => {
  withSlot((slot, keeper) => {
    const old = readFileSync(slot);
    keeper.rotate(slot, new Uint8Array(32).fill(2));
    keeper.use("interaction", slot, true, null);
    writeFileSync(slot, old);
    assert.throws(() => keeper.use("interaction", slot, true, null), isOld);
    keeper.rotate(slot, new Uint8Array(32).fill(4));
    keeper.use("interaction", slot, true, null);
    assert.equal(held(slot).epoch, 2n);
  });
});

test("a slot that holds no key stops the start", () => {
  withSlot((slot, keeper) => {
    for (const bytes of [0, 31, 33, 39, 41]) {
      writeFileSync(slot, new Uint8Array(bytes));
      assert.throws(() => keeper.use("interaction", slot, true, null), /crypto\.key\.length/u);
    }
  });
});

test("a key is refused when it is older than its lifetime, however often it was started, until another takes its place", () => {
  withSlot((slot, _keeper, folder) => {
    const DAY_MS = 86_400_000;
    let nowMs = Date.now();
    const keeper = makeSlotKeeper(join(folder, "epochs"), none, () => nowMs);
    const isExpired = (error: unknown): boolean => error instanceof CodedError && error.code === "launch.key.expired";
    keeper.use("interaction", slot, true, 30);
    nowMs += 29 * DAY_MS;
    keeper.use("interaction", slot, false, 30);
    // A copy of the file is not a new key.
    writeFileSync(slot, readFileSync(slot));
    nowMs += 2 * DAY_MS;
    assert.throws(() => keeper.use("interaction", slot, true, 30), isExpired);
    keeper.use("interaction", slot, true, null);
    keeper.rotate(slot, new Uint8Array(32).fill(2));
    nowMs = Date.now();
    keeper.use("interaction", slot, false, 30);
    assert.equal(held(slot).epoch, 1n);
    nowMs += 31 * DAY_MS;
    assert.equal(readKeyAge(join(folder, "epochs"), "interaction", slot, nowMs).isRotated, true);
    utimesSync(`${slot}.next`, nowMs / 1_000, nowMs / 1_000);
    keeper.use("interaction", slot, false, 30);
    assert.equal(held(slot).epoch, 2n);
  });
});
