import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CodedError, decodeKeySlot } from "@crossguardian/kernel";
import { makeSlotKeeper } from "../src/adapters/slot-keeper.ts";

const withSlot = (run: (slot: string, keeper: ReturnType<typeof makeSlotKeeper>) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), "cg-slot-"));
  try {
    const slot = join(folder, "interaction.key");
    writeFileSync(slot, new Uint8Array(32).fill(1), { mode: 0o600 });
    mkdirSync(join(folder, "epochs"));
    run(slot, makeSlotKeeper(join(folder, "epochs")));
  } finally {
    rmSync(folder, { recursive: true });
  }
};
const held = (slot: string) => decodeKeySlot(new Uint8Array(readFileSync(slot)));
const isOld = (error: unknown): boolean => error instanceof CodedError && error.code === "launch.key.epoch";

test("a rotated key waits beside the slot until an orderly start, and has the next epoch", () => {
  withSlot((slot, keeper) => {
    keeper.use("interaction", slot, true);
    assert.equal(keeper.rotate(slot, new Uint8Array(32).fill(2)), 2n);
    assert.equal(statSync(`${slot}.next`).mode & 0o777, 0o600);
    keeper.use("interaction", slot, false);
    assert.deepEqual(held(slot), { epoch: 1n, key: new Uint8Array(32).fill(1) });
    keeper.use("interaction", slot, true);
    assert.deepEqual(held(slot), { epoch: 2n, key: new Uint8Array(32).fill(2) });
    assert.equal(keeper.rotate(slot, new Uint8Array(32).fill(3)), 3n);
  });
});

test("a slot of an earlier epoch than was used is refused: an old key does not come back", () => {
  withSlot((slot, keeper) => {
    const old = readFileSync(slot);
    keeper.rotate(slot, new Uint8Array(32).fill(2));
    keeper.use("interaction", slot, true);
    writeFileSync(slot, old);
    assert.throws(() => keeper.use("interaction", slot, true), isOld);
    keeper.rotate(slot, new Uint8Array(32).fill(4));
    keeper.use("interaction", slot, true);
    assert.equal(held(slot).epoch, 2n);
  });
});

test("a slot that holds no key stops the start", () => {
  withSlot((slot, keeper) => {
    for (const bytes of [0, 31, 33, 39, 41]) {
      writeFileSync(slot, new Uint8Array(bytes));
      assert.throws(() => keeper.use("interaction", slot, true), /crypto\.key\.length/u);
    }
  });
});
