import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { makeFrameShuffle } from "../src/proxy/shuffle-frames.ts";

const HEADER_BYTES = 12;
const frame = (number: number, bytes: number): Uint8Array => {
  const all = new Uint8Array(HEADER_BYTES + bytes).fill(number, HEADER_BYTES);
  new DataView(all.buffer).setUint32(4, bytes);
  all[2] = number;
  return all;
};
const numbersOf = (parts: readonly Uint8Array[]): readonly number[] => parts.map((part) => part[2]!);

test("the first frame is left alone; then every n-th comes twice and every m-th after the next one", () => {
  const shuffle = makeFrameShuffle({ doubleEvery: 3, swapEvery: 5 });
  const out = Array.from({ length: 7 }, (_, at) => shuffle(frame(at + 1, at))).flat();
  assert.deepEqual(numbersOf(out), [1, 2, 3, 3, 4, 6, 5, 7]);
});

test("no frame is lost or changed, however the stream is cut into pieces", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 30 }), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }), (sizes, cuts) => {
      const frames = sizes.map((bytes, at) => frame(at, bytes));
      const stream = Buffer.concat(frames);
      const shuffle = makeFrameShuffle({ doubleEvery: 4, swapEvery: 7 });
      const out: Uint8Array[] = [];
      for (let at = 0, cut = 0; at < stream.length; cut += 1) {
        const end = at + cuts[cut % cuts.length]!;
        out.push(...shuffle(stream.subarray(at, end)));
        at = end;
      }
      out.push(...shuffle(frame(200, 0)));
      for (const each of frames) assert.ok(out.some((part) => Buffer.compare(part, each) === 0));
      assert.ok(out.every((part) => [...frames, frame(200, 0)].some((each) => Buffer.compare(part, each) === 0)));
    }),
  );
});

test("bytes that are no frames go through as they are", () => {
  const shuffle = makeFrameShuffle({ doubleEvery: 2, swapEvery: 2 });
  const noise = new Uint8Array(64).fill(255);
  assert.deepEqual(Buffer.concat(shuffle(noise)), Buffer.from(noise));
  assert.deepEqual(Buffer.concat(shuffle(noise)), Buffer.from(noise));
});
