import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { makeWorld, type PoolWorld } from "./world.ts";

const DEADLINE_MS = 60_000;
const LOOK_MS = 50;

let world: PoolWorld;
before(async () => {
  world = await makeWorld();
});
after(async () => {
  await world.stop();
});

const until = async (what: string, holds: () => boolean): Promise<void> => {
  const end = performance.now() + DEADLINE_MS;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`within ${DEADLINE_MS} ms it did not come to hold: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};
const steps = (): readonly number[] => world.signers.map((each) => each.steps());

test("a signer that was away is told the steps it missed, so that another one may be away next", async () => {
  world.silence(3, true);
  await world.emit(2);
  assert.deepEqual(steps(), [2, 2, 2, 0], "three of four move the pool");
  world.silence(3, false);
  await until("the fourth has caught up", () => steps()[3] === 2);
  world.silence(0, true);
  await world.emit(1);
  assert.deepEqual(steps(), [2, 3, 3, 3]);
});
