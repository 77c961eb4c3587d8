import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkOrder, decodeSignedOrder, makeOrderTimes, MAX_REMEMBERED_ORDERS, ORDER_WINDOW_MS } from "../src/index.ts";
import { FIRST, HOUSE, orderOf, verifySignature } from "./support.ts";

const codeOf = (text: string, house = HOUSE): string => {
  const checked = checkOrder(verifySignature, house, FIRST, text);
  return checked.ok ? "ok" : checked.failure.code;
};

test("an operator's order is known as his", () => {
  const checked = checkOrder(verifySignature, HOUSE, FIRST, orderOf());
  assert.ok(checked.ok);
  assert.equal(checked.value.operator.name, "ann");
  assert.equal(checked.value.order.action, "restart");
});

test("an order for another house, of a stranger, or signed by somebody else is refused", () => {
  assert.equal(codeOf(orderOf(), "demo-gateway-b"), "access.order.house");
  assert.equal(codeOf(orderOf({ operator: "eve" })), "access.order.stranger");
  assert.equal(codeOf(orderOf({}, "olga")), "access.order.signature");
});

test("no change of one character of a signed order is taken for the operator's", () => {
  const order = orderOf();
  fc.assert(fc.property(fc.nat(order.length - 1), fc.string({ minLength: 0, maxLength: 2 }), (at, put) => {
    const other = order.slice(0, at) + put + order.slice(at + 1);
    fc.pre(other !== order);
    // White space outside the signed text changes nothing that is signed.
    fc.pre(JSON.stringify(tryParse(other)) !== order);
    assert.notEqual(codeOf(other), "ok");
  }), { numRuns: 500 });
});

test("no text makes the reader of orders throw", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    assert.equal(decodeSignedOrder(text).ok, false);
    assert.equal(decodeSignedOrder(JSON.stringify({ text, signature: "0".repeat(128) })).ok, false);
  }));
  assert.equal(decodeSignedOrder(JSON.stringify({ text: '{"__proto__":1}', signature: "0".repeat(128) })).ok, false);
  assert.equal(codeOf(orderOf({ reason: "x".repeat(401) })), "access.order.malformed");
  assert.equal(codeOf(orderOf({ action: "rm -rf" })), "access.order.malformed");
  assert.equal(codeOf(orderOf({ resource: "../x" })), "access.order.malformed");
});

test("an order is done once, in time, and never when it was signed before the memory began", () => {
  const times = makeOrderTimes(5_000);
  const order = { atMs: 6_000, nonce: "n", operator: "ann" };
  assert.equal(times.take(order, 6_000), null);
  assert.equal(times.take(order, 6_001)?.code, "access.order.replayed");
  assert.equal(times.take({ ...order, operator: "olga" }, 6_001), null);
  assert.equal(times.take({ ...order, nonce: "m", atMs: 4_999 }, 6_001)?.code, "access.order.late");
  assert.equal(times.take({ ...order, nonce: "m" }, 6_001 + ORDER_WINDOW_MS)?.code, "access.order.late");
  assert.equal(times.take({ ...order, nonce: "m", atMs: 6_002 + ORDER_WINDOW_MS }, 6_001)?.code, "access.order.late");
});

test("whatever the clocks do, no order is taken twice", () => {
  fc.assert(fc.property(fc.array(fc.record({ nonce: fc.constantFrom("a", "b"), atMs: fc.nat(400_000), nowMs: fc.nat(400_000) }), { maxLength: 40 }), (orders) => {
    const times = makeOrderTimes(0);
    const taken: string[] = [];
    let nowMs = 0;
    for (const { nonce, atMs, nowMs: next } of orders) {
      nowMs = Math.max(nowMs, next);
      if (times.take({ nonce, atMs, operator: "ann" }, nowMs) === null) taken.push(`${nonce} ${String(atMs)}`);
    }
    assert.equal(new Set(taken).size, taken.length);
  }));
});

test("the memory of orders is bounded: more than it holds are refused until they lapse", () => {
  const times = makeOrderTimes(0);
  for (let at = 0; at < MAX_REMEMBERED_ORDERS; at += 1) assert.equal(times.take({ atMs: 0, nonce: String(at), operator: "ann" }, 0), null);
  assert.equal(times.take({ atMs: 0, nonce: "one more", operator: "ann" }, 0)?.code, "access.order.many");
  const laterMs = 2 * ORDER_WINDOW_MS + 1;
  assert.equal(times.take({ atMs: laterMs, nonce: "later", operator: "ann" }, laterMs), null);
});

const tryParse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
