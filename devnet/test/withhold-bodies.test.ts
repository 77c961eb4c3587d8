import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeMessage, encodeMessage, ENTRY_KIND, type EntryKind, gatherFrames, type Message, makeFrameDecoder, maxPayloadBytes, MESSAGES } from "@crossguardian/wire";

import { makeBodyWithholding } from "../src/proxy/withhold-bodies.ts";

const CID = new Uint8Array(36).fill(1);
const BODY = Uint8Array.of(1, 2, 3);
const HASH = new Uint8Array(32);
const FACTS = { from: "a:b:c", to: "d:e:f", index: 1n, requestHash: HASH, status: 0, resultHash: HASH } as const;
const BLOCK = { attestation: { header: { epoch: 0n, height: 1n, prevHash: HASH, tickMs: 0n, entriesRoot: HASH }, signatures: [] }, leaves: [HASH, HASH, HASH] };
const answer: Message<"bodies"> = { bodies: [{ cid: CID, body: BODY }] };
const frameOf = (kind: number, payload: Uint8Array): Uint8Array => Buffer.concat(gatherFrames([{ kind, port: 0, parts: [payload], payloadBytes: payload.length }]));

test("bodies that are asked for come empty, however the stream is cut into pieces, and other frames as they were", () => {
  const other = frameOf(MESSAGES.wantBlocks.number, encodeMessage(MESSAGES.wantBlocks.codec, { from: 7n }));
  const stream = Buffer.concat([other, frameOf(MESSAGES.bodies.number, encodeMessage(MESSAGES.bodies.codec, answer)), other]);
  for (const length of [1, 7, stream.length]) {
    const change = makeBodyWithholding();
    const pieces = Array.from({ length: Math.ceil(stream.length / length) }, (_, at) => stream.subarray(at * length, (at + 1) * length));
    const frames = makeFrameDecoder(maxPayloadBytes).push(Buffer.concat(pieces.flatMap((piece) => [...change(piece)])));
    assert.ok(frames.ok);
    assert.deepEqual(frames.value.map(({ kind }) => kind), [MESSAGES.wantBlocks.number, MESSAGES.bodies.number, MESSAGES.wantBlocks.number]);
    const changed = decodeMessage(MESSAGES.bodies.codec, frames.value[1]!.payload);
    assert.ok(changed.ok);
    assert.deepEqual(changed.value.bodies.map(({ body }) => body.length), [0]);
    assert.deepEqual(frameOf(frames.value[2]!.kind, frames.value[2]!.payload), other);
  }
});

test("a block loses the bodies of its transfers and keeps its documents", () => {
  const entry = (position: number, kind: EntryKind): Message<"block">["entries"][number] => ({ position, facts: { ...FACTS, kind }, deadlineMs: 0n, cid: CID, body: BODY });
  const block: Message<"block"> = { ...BLOCK, entries: [entry(0, ENTRY_KIND.request), entry(1, ENTRY_KIND.register), entry(2, ENTRY_KIND.receipt)] };
  const frames = makeFrameDecoder(maxPayloadBytes).push(Buffer.concat([...makeBodyWithholding()(frameOf(MESSAGES.block.number, encodeMessage(MESSAGES.block.codec, block)))]));
  assert.ok(frames.ok);
  const changed = decodeMessage(MESSAGES.block.codec, frames.value[0]!.payload);
  assert.ok(changed.ok);
  assert.deepEqual(changed.value.entries.map(({ body }) => body.length), [0, BODY.length, 0]);
});

test("what is no frame goes through as it is", () => {
  const noise = new Uint8Array(64).fill(255);
  const change = makeBodyWithholding();
  assert.deepEqual(Buffer.concat([...change(noise)]), Buffer.from(noise));
  assert.deepEqual(Buffer.concat([...change(noise)]), Buffer.from(noise));
});
