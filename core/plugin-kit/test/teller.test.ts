import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock } from "@crossguardian/kernel";
import { makeReadyQueue } from "../src/ready-queue.ts";
import { makeTeller } from "../src/teller.ts";

const setUp = () => {
  const lingering: (() => void)[] = [];
  const clock: Clock = { wallMs: () => 0, monotonicMs: () => 0, after: (_, run) => (lingering.push(run), () => undefined) };
  const told: string[] = [];
  const ready = makeReadyQueue(1n);
  const teller = makeTeller({ chain: "A", clock, tell: ({ from, to }) => told.push(`${from}-${to}`) > 0 }, ready);
  const scan = (to: bigint): void => {
    ready.add(to, []);
    teller.tell();
  };
  return { teller, told, scan, linger: () => lingering.splice(0).forEach((run) => run()) };
};

test("the first range after a new beginning is told at once though it holds no event, those after it linger", () => {
  const { teller, told, scan, linger } = setUp();
  teller.grant(4, true);
  scan(3n);
  assert.deepEqual(told, ["1-3"]);
  scan(4n);
  scan(5n);
  assert.deepEqual(told, ["1-3"]);
  linger();
  assert.deepEqual(told, ["1-3", "4-5"]);
  teller.grant(4, true);
  scan(6n);
  assert.deepEqual(told, ["1-3", "4-5", "6-6"]);
});

test("nothing is told beyond the grants", () => {
  const { teller, told, scan, linger } = setUp();
  scan(2n);
  linger();
  assert.deepEqual(told, []);
  teller.grant(1, true);
  teller.tell();
  scan(3n);
  linger();
  assert.deepEqual(told, ["1-2"]);
});
