import assert from "node:assert/strict";
import { test } from "node:test";

import { makeNonces } from "../src/load/nonces.ts";

const chainAt = (expected: number) => {
  const asked: number[] = [];
  return { asked, ask: async (): Promise<number> => Promise.resolve(expected + asked.push(expected) - 1) };
};

test("counted nonces follow each other without asking the chain again, until something is lost", async () => {
  const { asked, ask } = chainAt(7);
  const nonces = makeNonces(ask, true);
  assert.deepEqual([await nonces.take(2), await nonces.take(1), await nonces.take(3)], [7, 9, 10]);
  assert.equal(asked.length, 1);
  nonces.lost();
  assert.equal(await nonces.take(1), 8);
  assert.equal(asked.length, 2);
});

test("nonces that are not counted are asked for each time: a reorganisation may have taken some back", async () => {
  const { asked, ask } = chainAt(3);
  const nonces = makeNonces(ask, false);
  assert.deepEqual([await nonces.take(2), await nonces.take(2)], [3, 4]);
  assert.equal(asked.length, 2);
});
