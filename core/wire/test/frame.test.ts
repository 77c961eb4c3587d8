import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  encodeFrameHeader,
  FRAME_HEADER_BYTES,
  gatherFrames,
  makeFrameDecoder,
  MAX_FRAME_PAYLOAD_BYTES,
  maxPayloadBytes,
  type Frame,
} from "../src/index.ts";

const BOUND = 20_000;
const bounded = (): number => BOUND;
const wire = (frames: readonly { kind: number; port: number; payload: Uint8Array }[]): Uint8Array =>
  Buffer.concat(
    gatherFrames(frames.map(({ kind, port, payload }) => ({ kind, port, parts: [payload], payloadBytes: payload.length }))),
  );
const anyFrame = fc.record({
  kind: fc.integer({ min: 0, max: 255 }),
  port: fc.integer({ min: 0, max: 255 }),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 8_000, max: BOUND }).map((length) => new Uint8Array(length).fill(length)),
  ),
});
const plain = ({ kind, port, payload }: Frame): object => ({ kind, port, payload: [...payload.subarray(0, 50)], length: payload.length });

test("frames come out as they went in, however the bytes are cut", () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1 }), (frames, cuts) => {
      const bytes = wire(frames);
      const decoder = makeFrameDecoder(bounded);
      const got: Frame[] = [];
      for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
        const length = cuts[cut % cuts.length] ?? 1;
        const result = decoder.push(bytes.subarray(at, at + length));
        assert.ok(result.ok);
        got.push(...result.value);
        at += length;
      }
      assert.deepEqual(got.map(plain), frames.map(plain));
      assert.equal(decoder.pendingBytes(), 0);
    }),
    { numRuns: 200 },
  );
});

test("any bytes give frames or a coded refusal, and never more than one frame is kept", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), fc.boolean(), (pieces, startsWell) => {
      const decoder = makeFrameDecoder(bounded);
      const start = startsWell ? [encodeFrameHeader(3, 1, 150)] : [];
      for (const piece of [...start, ...pieces]) {
        const result = decoder.push(piece);
        assert.ok(decoder.pendingBytes() <= BOUND);
        if (result.ok) continue;
        assert.match(result.failure.code, /^wire\.frame\./u);
        return;
      }
    }),
    { numRuns: 500 },
  );
});

test("every single damaged bit of a header is noticed", () => {
  for (const [kind, port, length] of [[1, 2, 3], [31, 255, 65_000], [12, 0, MAX_FRAME_PAYLOAD_BYTES]] as const) {
    for (let bit = 0; bit < FRAME_HEADER_BYTES * 8; bit += 1) {
      const header = encodeFrameHeader(kind, port, length);
      header[bit >> 3] = (header[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(makeFrameDecoder(() => MAX_FRAME_PAYLOAD_BYTES).push(header).ok, false, `bit ${bit}`);
    }
  }
});

test("an unknown kind and a length over the kind's bound are refused at the header, before memory is taken", () => {
  const unknown = makeFrameDecoder(maxPayloadBytes).push(encodeFrameHeader(200, 1, 10));
  assert.ok(!unknown.ok && unknown.failure.code === "wire.frame.kind");
  const decoder = makeFrameDecoder(maxPayloadBytes);
  const oversize = decoder.push(encodeFrameHeader(8, 1, 1025));
  assert.ok(!oversize.ok && oversize.failure.code === "wire.frame.oversize");
  assert.ok(decoder.pendingBytes() < FRAME_HEADER_BYTES);
  assert.equal(makeFrameDecoder(() => Infinity).push(encodeFrameHeader(12, 1, MAX_FRAME_PAYLOAD_BYTES + 1)).ok, false);
});

test("long parts are written where they lie, short ones in one piece", () => {
  const long = new Uint8Array(10_000);
  const pieces = gatherFrames([
    { kind: 1, port: 1, parts: [new Uint8Array(3), long], payloadBytes: 10_003 },
    { kind: 1, port: 1, parts: [new Uint8Array(4)], payloadBytes: 4 },
    { kind: 1, port: 1, parts: [], payloadBytes: 0 },
  ]);
  assert.deepEqual(pieces.map(({ length }) => length), [15, 10_000, 28]);
  assert.equal(pieces[1], long);
});
