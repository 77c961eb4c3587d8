import assert from "node:assert/strict";
import { test } from "node:test";
import { type HeaderOptions, type HeaderPorts, makeHeaderWatch, SEEK_MS } from "../src/header-watch.ts";

const CHAIN = "chainA";
const LIVE = 1_000n;
const OLD = 5n;
const STEP = 64n;

const REGISTERED: HeaderOptions["chain"] = {
  chain: CHAIN, kind: 1, numericId: 1n, genesisHash: new Uint8Array(32), contract: new Uint8Array(20), depth: 0, deployHeight: 0n, terms: new Uint8Array(0),
};

const hashOf = (height: bigint): Uint8Array => {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setBigUint64(24, height);
  return hash;
};
const report = (from: bigint, tip: bigint): Parameters<ReturnType<typeof makeHeaderWatch>["onHeaders"]>[1] => ({
  chain: CHAIN, tip,
  headers: Array.from({ length: Number(STEP) }, (_, at) => from + BigInt(at)).map((height) => ({ height, hash: hashOf(height), parentHash: hashOf(height - 1n) })),
});

/** A watch at the tip of a chain whose one witness is then sent back. */
const sentBack = (): { readonly watch: ReturnType<typeof makeHeaderWatch>; readonly asked: bigint[]; readonly pass: (ms: number) => void } => {
  let nowMs = 0;
  const asked: bigint[] = [];
  const ports = {
    send: (_to: string, name: string, message: { readonly from: bigint }) => {
      if (name === "wantHeaders") asked.push(message.from);
      return true;
    },
    clock: { monotonicMs: () => nowMs },
    log: { info: () => undefined, warn: () => undefined, alarm: () => undefined },
  } as unknown as HeaderPorts; // of the clock only the time is used
  const watch = makeHeaderWatch(ports, { chain: REGISTERED, witnesses: ["w"], quorum: 1, from: 0n, retryMs: 1_000 });
  watch.beginAt(LIVE);
  watch.onHeaders("w", report(LIVE, LIVE + STEP));
  watch.seek(OLD);
  asked.length = 0;
  return { watch, asked, pass: (ms) => void (nowMs += ms) };
};

test("a witness that is sent back for an old header reports old ones for a while, and then goes on where it was", () => {
  const { watch, asked, pass } = sentBack();
  watch.onHeaders("w", report(OLD, LIVE + STEP));
  pass(SEEK_MS - 1);
  watch.onHeaders("w", report(OLD + STEP, LIVE + STEP));
  assert.deepEqual(asked, []);
  pass(1);
  watch.onHeaders("w", report(OLD + 2n * STEP, LIVE + STEP));
  assert.deepEqual(asked, [LIVE + STEP]);
  assert.notEqual(watch.quorum.at(OLD + 3n * STEP - 1n), null);
});

test("a witness that comes up to the new headers goes on with them at once", () => {
  const { watch, asked } = sentBack();
  watch.onHeaders("w", report(OLD, LIVE + STEP));
  watch.onHeaders("w", report(LIVE - 10n, LIVE + STEP));
  assert.deepEqual(asked, [LIVE + STEP]);
});

test("reports that were on their way when it was sent back do not end the search", () => {
  const { watch, asked, pass } = sentBack();
  watch.onHeaders("w", report(LIVE + STEP, LIVE + 2n * STEP));
  pass(SEEK_MS);
  assert.deepEqual(asked, []);
  watch.onHeaders("w", report(OLD, LIVE + 2n * STEP));
  assert.deepEqual(asked, []);
});
