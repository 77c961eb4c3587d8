import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  bool,
  bytes,
  decodeMessage,
  encodeMessage,
  fixed,
  list,
  MESSAGES,
  oneOf,
  rewriteMessage,
  struct,
  text,
  u32,
  u64,
  u8,
  type Codec,
  type MessageName,
} from "../src/index.ts";

const NAMES = Object.keys(MESSAGES) as MessageName[];
const codecOf = (name: MessageName): Codec<unknown> => MESSAGES[name].codec as unknown as Codec<unknown>;

/** Bytes that get far into a decoder: small lengths and tags between random fields. */
const likelyBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 33 }),
      fc.integer({ min: 0, max: 5 }).map((value) => Uint8Array.of(0, 0, 0, value)),
      fc.integer({ min: 0, max: 5 }).map((value) => Uint8Array.of(value)),
      fc.string({ maxLength: 12 }).map((value) => encodeMessage(text(96), value)),
      fc.constant(new Uint8Array(32)),
    ),
    { maxLength: 14 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)));

test("for every message, any bytes give a value or a coded refusal, and a value has one encoding", () => {
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), fc.oneof(likelyBytes, fc.uint8Array({ maxLength: 400 })), (name, untrusted) => {
      const decoded = decodeMessage(codecOf(name), untrusted);
      const rewritten = rewriteMessage(MESSAGES[name].number, untrusted);
      assert.equal(rewritten.ok, decoded.ok);
      if (!decoded.ok) {
        assert.match(decoded.failure.code, /^wire\.message\./u);
        return;
      }
      assert.deepEqual(encodeMessage(codecOf(name), decoded.value), untrusted);
      assert.ok(rewritten.ok);
      assert.deepEqual(new Uint8Array(rewritten.value.payload), untrusted);
    }),
    { numRuns: 5000 },
  );
});

test("a count that promises more than the message holds takes no memory for it", () => {
  for (const name of NAMES) {
    const before = process.memoryUsage().heapUsed;
    for (let round = 0; round < 50; round += 1) {
      decodeMessage(codecOf(name), new Uint8Array(64).fill(0xff));
      const zeros = new Uint8Array(200);
      zeros.set([0, 0, 0x0f, 0xff], round * 3);
      decodeMessage(codecOf(name), zeros);
    }
    assert.ok(process.memoryUsage().heapUsed - before < 32e6, name);
  }
});

test("rewritten messages share no bytes with what came in, but for the opaque pieces of a stream", () => {
  const came = encodeMessage(MESSAGES.controlAnswer.codec, { command: "x", answer: Uint8Array.of(1, 2, 3) });
  const copy = new Uint8Array(came);
  const rewritten = rewriteMessage(MESSAGES.controlAnswer.number, came);
  assert.ok(rewritten.ok);
  came.fill(0xee);
  assert.deepEqual(new Uint8Array(rewritten.value.payload), copy);
  const piece = encodeMessage(MESSAGES.data.codec, { stream: 1, piece: new Uint8Array(10) });
  const passed = rewriteMessage(MESSAGES.data.number, piece);
  assert.ok(passed.ok && passed.value.payload === piece);
});

test("many messages rewritten one after the other do not overwrite each other", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5000 }), { minLength: 1, maxLength: 40 }), (answers) => {
      const encoded = answers.map((answer) => encodeMessage(MESSAGES.controlAnswer.codec, { command: "é", answer }));
      const rewritten = encoded.map((each) => rewriteMessage(MESSAGES.controlAnswer.number, each));
      for (const [at, each] of rewritten.entries()) {
        assert.ok(each.ok);
        assert.deepEqual(new Uint8Array(each.value.payload), encoded[at]);
      }
    }),
    { numRuns: 50 },
  );
});

test("the chain a message speaks of is told beside it", () => {
  const chain = (name: MessageName, message: unknown): string | null => {
    const rewritten = rewriteMessage(MESSAGES[name].number, encodeMessage(codecOf(name), message));
    assert.ok(rewritten.ok);
    return rewritten.value.chain;
  };
  assert.equal(chain("scan", { chain: "A", from: 1n, grants: 0, restart: false }), "A");
  assert.equal(chain("wantBlocks", { from: 1n }), null);
});

test("kinds have numbers of their own that fit a byte, and bounds below the largest frame", () => {
  const numbers = NAMES.map((name) => MESSAGES[name].number);
  assert.equal(new Set(numbers).size, numbers.length);
  for (const name of NAMES) {
    assert.ok(MESSAGES[name].number > 0 && MESSAGES[name].number < 256);
    assert.ok(MESSAGES[name].maxBytes <= 8 * 1024 * 1024);
  }
});

test("texts survive whatever their script and length, and bytes that are no text are refused", () => {
  const codec = text(600);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 180 }), (value) => {
      fc.pre(new TextEncoder().encode(value).length <= 600);
      const decoded = decodeMessage(codec, encodeMessage(codec, value));
      assert.ok(decoded.ok && decoded.value === value);
    }),
  );
  for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    const decoded = decodeMessage(codec, Uint8Array.of(0, 0, 0, bad.length, ...bad));
    assert.ok(!decoded.ok && decoded.failure.code === "wire.message.text");
  }
  const bom = decodeMessage(codec, Uint8Array.of(0, 0, 0, 4, 0xef, 0xbb, 0xbf, 0x41));
  assert.ok(bom.ok && bom.value === "\ufeffA");
});

const REFUSALS: readonly [string, Codec<unknown>, readonly number[], string][] = [
  ["a byte after the last field", u8 as Codec<unknown>, [1, 2], "wire.message.trailing"],
  ["a missing byte", u64 as Codec<unknown>, [1, 2, 3], "wire.message.truncated"],
  ["a bool that is two", bool as Codec<unknown>, [2], "wire.message.range"],
  ["a tag that is not listed", oneOf([1, 3]) as Codec<unknown>, [2], "wire.message.range"],
  ["more bytes than the bound", bytes(2) as Codec<unknown>, [0, 0, 0, 3, 1, 1, 1], "wire.message.bound"],
  ["more items than the bound", list(u8, 2) as Codec<unknown>, [0, 0, 0, 3, 1, 1, 1], "wire.message.bound"],
  ["a text longer than its bound", text(1) as Codec<unknown>, [0, 0, 0, 2, 65, 65], "wire.message.bound"],
  ["a fixed field cut short", fixed(4) as Codec<unknown>, [1, 2, 3], "wire.message.truncated"],
];
for (const [what, codec, bad, code] of REFUSALS) {
  test(`${what} is refused with its code`, () => {
    const decoded = decodeMessage(codec, Uint8Array.from(bad));
    assert.ok(!decoded.ok && decoded.failure.code === code);
  });
}

test("a writer refuses values over their bound", () => {
  assert.throws(() => encodeMessage(text(3), "four"), { name: "CodedError" });
  assert.throws(() => encodeMessage(text(3), "éé"), { name: "CodedError" });
  assert.throws(() => encodeMessage(bytes(1), new Uint8Array(2)), { name: "CodedError" });
  assert.throws(() => encodeMessage(fixed(2), new Uint8Array(1)), { name: "CodedError" });
  assert.throws(() => encodeMessage(list(u32, 1), [1, 2]), { name: "CodedError" });
  assert.deepEqual(encodeMessage(struct({ one: u8, two: u8 }), { one: 1, two: 2 }), Uint8Array.of(1, 2));
});
