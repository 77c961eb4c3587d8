import assert from "node:assert/strict";
import { test } from "node:test";
import { batchContent, decodeMessage, type Message, type MessageName } from "@crossguardian/wire";
import { LEAST_WINDOW_ENTRIES } from "../src/answer-window.ts";
import { type Evidence } from "../src/chain-watch.ts";
import { type Incoming } from "../src/incoming.ts";
import { MAX_WAITING_BYTES } from "../src/interaction.ts";
import { makePublisher, MAX_UNANSWERED_BYTES_PER_CHAIN, MAX_UNANSWERED_PER_CHAIN, type Publication } from "../src/publisher.ts";
import { type Send } from "../src/ports.ts";
import { MAX_RESUBMITTED_ENTRIES, MAX_SUBMITTED_ENTRIES, Submitter } from "../src/submitter.ts";
import { makeTraces } from "../src/trace.ts";
import { PRIORITY } from "../src/weighed-queue.ts";
import { makeFakeClock } from "./fake-clock.ts";
import { crypto, RETRY_MS, SHOP_A, SHOP_B, VAULT_A, VAULT_B, VAULT_C, World } from "./world.ts";

const PUBLIC = { func: "mint", args: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)], salt: null };
const LONG_MS = 3_600_000n;
const PAIR = `${VAULT_A}-${VAULT_B}`;
const STEP_MS = 250;
const log = { info: () => undefined, warn: () => undefined, alarm: () => undefined };

/** Sends one transfer of the pair A to B each second; the time each takes to settle, in ms. */
const latencies = (world: World, count: number, load: () => void = () => undefined): readonly number[] => {
  const { chainA } = world.chains;
  const sent = new Map<string, number>();
  const took: number[] = [];
  for (let at = 0; took.length < count && at < 120_000; at += STEP_MS) {
    if (at % 1000 === 0 && sent.size < count) {
      sent.set(`${PAIR}-${chainA!.request(VAULT_A, VAULT_B, PUBLIC, LONG_MS).toString()}`, at);
      load();
    }
    world.run(STEP_MS);
    for (const [id, sinceMs] of sent) {
      if (!chainA!.settled.has(id) || sinceMs < 0) continue;
      took.push(at - sinceMs);
      sent.set(id, -1);
    }
  }
  return took;
};

const COUNT = 12;
const alone = async (): Promise<readonly number[]> => latencies(await World.create({ third: true }), COUNT);

test("a chain that is down delays no pair but its own, for however long, and its transfers complete when it is back", async () => {
  const before = await alone();
  const world = await World.create({ third: true });
  const { chainA, chainC } = world.chains;
  chainC!.isDown = true;
  let other = 0;
  const during = latencies(world, COUNT, () => {
    for (let each = 0; each < 20; each += 1) chainA!.request(VAULT_A, VAULT_C, PUBLIC, LONG_MS);
    other += 20;
  });
  assert.deepEqual(during, before);
  assert.equal(chainC!.decisions.size, 0);
  chainC!.isDown = false;
  world.run(60_000);
  assert.equal(chainC!.decisions.size, other);
  assert.equal(chainA!.settled.size, COUNT + other);
});

test("a pair that the destination contract leaves undecided delays no other pair of the same two chains", async () => {
  const before = await alone();
  const world = await World.create({ third: true });
  const { chainA, chainB } = world.chains;
  chainB!.leftUndecided.add(`${SHOP_A}-${SHOP_B}`);
  const during = latencies(world, COUNT, () => {
    for (let each = 0; each < 20; each += 1) chainA!.request(SHOP_A, SHOP_B, PUBLIC, LONG_MS);
  });
  assert.deepEqual(during, before);
  chainB!.leftUndecided.clear();
  world.run(120_000);
  assert.equal(chainA!.settled.size, COUNT * 21);
});

test("entries that a contract does not decide leave room for those that come after them", () => {
  const clock = makeFakeClock();
  const open: Incoming[] = [];
  const submitted: bigint[] = [];
  const answer: { question: Message<"query"> | null } = { question: null };
  const send: Send = (_to, name, message) => {
    if (name === "submit") submitted.push(...(message as Message<"submit">).entries.map(({ index }) => index));
    if (name === "query") answer.question = message as Message<"query">;
    return true;
  };
  const submitter = new Submitter(
    { send, clock, log, traces: makeTraces(clock), ready: () => true, cursor: () => 0n, isBehind: () => false, tip: () => 0n, open: () => open, conclude: () => undefined },
    { chain: "chainB", plugin: "plugin", retryMs: RETRY_MS, tightens: true, ids: { next: 1n } },
  );
  const block = { height: 1n, hash: new Uint8Array(32), attestation: { header: {}, signatures: [] }, tree: { siblings: () => [] } } as unknown as Incoming["block"]; // what a submission reads of it
  const entryOf = (index: bigint, pair: string): Incoming => ({
    key: `${pair}-${index.toString()}`, id: `${pair}-${index.toString()}`, pair, call: "cancel", chain: "chainB", block, position: 0, body: null,
    facts: { kind: 3, from: pair, to: "x", index, requestHash: new Uint8Array(32), status: 2, resultHash: new Uint8Array(32) },
    hand: "plugin", stage: "queued", sinceMs: 0, attempts: 0, failures: 0, nextTryMs: 0, submitId: 0n, isKnownOpen: false, decidedTip: null,
  });
  const add = (entry: Incoming): void => {
    open.push(entry);
    submitter.add(entry);
  };
  for (let index = 1n; index <= BigInt(MAX_SUBMITTED_ENTRIES) * 2n; index += 1n) add(entryOf(index, "wedged"));
  const tick = (): void => {
    clock.advance(RETRY_MS);
    submitter.tick();
    const asked = answer.question;
    answer.question = null;
    if (asked === null) return;
    submitter.onDecided({ ...asked, pairs: asked.pairs.map(({ count, ...pair }) => ({ ...pair, last: 0n, bitmap: new Uint8Array(Math.ceil(count / 8)) })) });
  };
  for (let at = 0; at < 40; at += 1) tick();
  assert.ok(submitter.submitted() <= MAX_RESUBMITTED_ENTRIES, String(submitter.submitted()));
  submitted.length = 0;
  add(entryOf(1_000_000n, "live"));
  submitter.pump();
  assert.deepEqual(submitted, [1_000_000n]);
});

type Sent = { readonly batchId: bigint; readonly content: Uint8Array };

const publisherOf = (maxBatchEntries = 4) => {
  const clock = makeFakeClock();
  const sent: Sent[] = [];
  const send: Send = <N extends MessageName>(_to: string, _name: N, message: Message<N>) => {
    const { content } = message as unknown as Message<"publish">; // a publisher sends nothing else
    sent.push({ batchId: new DataView(content.buffer, content.byteOffset).getBigUint64(content[3]! + 4), content });
    return true;
  };
  const publisher = makePublisher<Publication>(
    { send, clock, log, keccak256: crypto.keccak256, secp256k1: crypto.secp256k1 },
    {
      gateway: "gwA", relay: "relay", chains: ["chainA", "chainB"], gatewayKey: new Uint8Array(32).fill(3),
      lingerMs: 5, maxBatchEntries, hasPriorities: true, tightens: true, retryMs: RETRY_MS, firstBatchId: 1n,
    },
    { onSent: () => undefined, onTaken: () => undefined, onRefused: () => undefined },
  );
  const blockOf = (chain: string, bytes: number): Evidence => ({ chain, height: 1n, bytes: new Uint8Array(bytes), hash: new Uint8Array(32) });
  const add = (chain: string, bytes = 10, priority = 1, evidence = blockOf(chain, bytes)): void =>
    publisher.add({ id: "", ibtp: new Uint8Array(10).fill(priority), evidence, place: { tx: 0, log: 0 }, priority });
  return { publisher, clock, sent, add, blockOf };
};

test("batches of a chain that the relay chain can not check leave the other chains' batches alone", () => {
  const { publisher, clock, sent, add } = publisherOf();
  for (let each = 0; each < 400; each += 1) add("chainA");
  publisher.pump();
  clock.advance(1_000);
  assert.equal(sent.length, MAX_UNANSWERED_PER_CHAIN);
  add("chainB");
  publisher.pump();
  assert.equal(sent.length, MAX_UNANSWERED_PER_CHAIN + 1);
  assert.equal(publisher.waiting("chainB"), 0);
  assert.equal(publisher.waiting("chainA"), 400 - MAX_UNANSWERED_PER_CHAIN * 4);
});

test("what is on its way to the relay chain is bounded in bytes per chain", () => {
  const { publisher, clock, sent, add } = publisherOf();
  for (let each = 0; each < 40; each += 1) add("chainA", 4 * 1024 * 1024);
  publisher.pump();
  clock.advance(1_000);
  const bytes = sent.reduce((sum, { content }) => sum + content.length, 0);
  assert.ok(bytes < MAX_UNANSWERED_BYTES_PER_CHAIN + 5 * 1024 * 1024, String(bytes));
});

test("however much waits for a slow relay chain, an urgent entry leaves with the next batch, and little is before it", () => {
  const { publisher, clock, sent, add, blockOf } = publisherOf(512);
  const block = blockOf("chainA", 10);
  for (let each = 0; each < 8_192; each += 1) add("chainA", 10, PRIORITY.bulk, block);
  publisher.pump();
  assert.equal(publisher.waiting("chainA"), 8_192 - LEAST_WINDOW_ENTRIES);
  clock.advance(900);
  add("chainA", 10, PRIORITY.urgent, block);
  publisher.onAck({ batchId: sent[0]!.batchId, refused: [] });
  const batch = decodeMessage(batchContent, sent[1]!.content);
  assert.deepEqual(batch.ok && batch.value.entries.map(({ ibtp }) => ibtp[0]).filter((priority) => priority === PRIORITY.urgent), [PRIORITY.urgent]);
});

test("an unanswered batch is sent again byte for byte, so that the relay chain knows it", () => {
  const { publisher, clock, sent, add } = publisherOf();
  add("chainA");
  publisher.pump();
  clock.advance(RETRY_MS);
  publisher.tick();
  publisher.relayLost();
  publisher.tick();
  assert.equal(sent.length, 3);
  for (const { content } of sent) assert.deepEqual(content, sent[0]!.content);
  publisher.onAck({ batchId: 1n, refused: [] });
  publisher.relayLost();
  publisher.tick();
  assert.equal(sent.length, 3);
  assert.deepEqual(publisher.owes(), []);
});

test("what can not be published pushes back to the scan cursor; nothing is dropped, and all of it is decided afterwards", async () => {
  const world = await World.create();
  const { chainA, chainB } = world.chains;
  world.relay.isDown = true;
  const large = { ...PUBLIC, func: "fail", args: [new Uint8Array(30_000).fill(1), new Uint8Array(30_000).fill(2)] };
  const perBlock = 40;
  const blocks = Math.ceil((MAX_WAITING_BYTES * 1.1) / (perBlock * 60_000));
  for (let block = 0; block < blocks; block += 1) {
    for (let each = 0; each < perBlock; each += 1) chainA!.request(VAULT_A, VAULT_B, large, LONG_MS);
    world.run(1_000);
  }
  world.run(3_000);
  const { publisher, rooms } = world.gateways["gwA"]!.interaction.house;
  const { watch } = rooms.get("chainA")!;
  assert.ok(!watch.canTake());
  assert.ok(publisher.waitingBytes() <= MAX_WAITING_BYTES + perBlock * 61_000, String(publisher.waitingBytes()));
  const cursor = watch.cursor();
  world.run(5_000);
  assert.equal(watch.cursor(), cursor);
  assert.ok(cursor < chainA!.tip() - 1n);
  world.relay.isDown = false;
  for (let at = 0; at < 60 && chainB!.decisions.size < blocks * perBlock; at += 1) world.run(1_000);
  assert.equal(chainB!.decisions.size, blocks * perBlock);
  assert.ok([...chainB!.executions.values()].every((count) => count === 1));
});
