import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { makeWeighedQueue, PRIORITY, TURNS } from "../src/weighed-queue.ts";

type Item = { readonly priority: number; readonly order: number };
const drain = (queue: ReturnType<typeof makeWeighedQueue<Item>>, batch: number): Item[] => {
  const out: Item[] = [];
  while (queue.size() > 0) {
    const head = queue.head(batch);
    queue.take(head.length);
    out.push(...head);
  }
  return out;
};

describe("the queue of what is to be published", () => {
  test("an urgent transfer leaves with the next batch, however much bulk waits; without priorities it waits for all of it", () => {
    const waitOf = (isWeighed: boolean): number => {
      const queue = makeWeighedQueue<Item>(({ priority }) => priority, isWeighed);
      for (let order = 0; order < 10_000; order += 1) queue.add({ priority: PRIORITY.bulk, order });
      queue.add({ priority: PRIORITY.urgent, order: 10_000 });
      return drain(queue, 512).findIndex(({ priority }) => priority === PRIORITY.urgent);
    };
    assert.equal(waitOf(true), 0);
    assert.equal(waitOf(false), 10_000);
  });

  test("bulk is never starved: while urgent transfers keep coming, one of each eight that leave is bulk", () => {
    const queue = makeWeighedQueue<Item>(({ priority }) => priority, true);
    for (let order = 0; order < 100; order += 1) queue.add({ priority: PRIORITY.bulk, order });
    let bulk = 0;
    for (let round = 0; round < 80; round += 1) {
      for (let order = 0; order < 10; order += 1) queue.add({ priority: PRIORITY.urgent, order });
      const head = queue.head(10);
      queue.take(head.length);
      bulk += head.filter(({ priority }) => priority === PRIORITY.bulk).length;
    }
    assert.equal(bulk, 800 / TURNS.length);
  });

  test("nothing is lost, doubled, or overtaken within its class", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 255 }), { maxLength: 200 }), fc.integer({ min: 1, max: 40 }), fc.boolean(), (priorities, batch, isWeighed) => {
        const queue = makeWeighedQueue<Item>(({ priority }) => priority, isWeighed);
        const items = priorities.map((priority, order) => ({ priority, order }));
        for (const item of items) queue.add(item);
        const out = drain(queue, batch);
        assert.equal(new Set(out).size, items.length);
        for (const level of [0, 1, 2]) {
          const orders = out.filter(({ priority }) => Math.min(priority, 2) === level).map(({ order }) => order);
          assert.deepEqual(orders, [...orders].sort((left, right) => left - right));
        }
      }),
    );
  });
});
