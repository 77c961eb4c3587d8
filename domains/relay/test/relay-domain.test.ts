import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Duplex } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { type Cancel, type Clock, toHex } from "@crossguardian/kernel";
import { batchContent, cidOf, encodeFrameHeader, encodeMessage, type Message, MESSAGES, type MessageName } from "@crossguardian/wire";
import { makeOpenLink } from "../src/adapters/stream-link.ts";
import { MAX_KEPT_BATCHES } from "../src/batches.ts";
import { BLOCK_WINDOW, MAX_READY_BLOCKS } from "../src/block-flow.ts";
import { type OrdererLinkEvents } from "../src/orderer-link.ts";
import { makeRelayDomain, ORDERER_SILENCE_MS, type RelayDomain } from "../src/relay-domain.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
const NONE = new Uint8Array(0);
const GENESIS = Uint8Array.of(1, 2, 3);
const HASH = new Uint8Array(32);

const makeFakeClock = (): Clock & { advance: (ms: number) => void } => {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  return {
    wallMs: () => now,
    monotonicMs: () => now,
    after: (delayMs, run): Cancel => {
      const timer = { at: now + delayMs, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    advance: (ms) => {
      const end = now + ms;
      for (;;) {
        const [next] = timers.filter((each) => each.at <= end).sort((left, right) => left.at - right.at);
        if (next === undefined) break;
        timers = timers.filter((each) => each !== next);
        now = Math.max(now, next.at);
        next.run();
      }
      now = end;
    },
  };
};

type Link = OrdererLinkEvents & { readonly said: string[]; readonly endpoint: string; isOpen: boolean };

const setUp = (): {
  relay: RelayDomain; links: Link[]; clock: ReturnType<typeof makeFakeClock>; blocks: Message<"block">[]; acks: Message<"publishAck">[]; logs: string[];
  connect: () => Link; block: (height: bigint, bodies?: readonly Uint8Array[], sent?: readonly Uint8Array[]) => void; full: { channel: boolean };
} => {
  const clock = makeFakeClock();
  const links: Link[] = [];
  const blocks: Message<"block">[] = [];
  const acks: Message<"publishAck">[] = [];
  const logs: string[] = [];
  const full = { channel: false };
  const note = (event: string): void => void logs.push(event);
  const relay = makeRelayDomain(
    {
      clock, log: { info: note, warn: note, alarm: note }, keccak256: sha256, sha256,
      openLink: (endpoint, events) => {
        const link: Link = { ...events, said: [], endpoint, isOpen: true };
        links.push(link);
        const say = (text: string): boolean => {
          link.said.push(text);
          return true;
        };
        return {
          sendPublish: (payload) => say(`publish ${toHex(sha256(payload)).slice(0, 8)}`),
          sendHello: (name, height) => say(`hello ${name} ${height.toString()}`),
          sendWantBlocks: (from) => say(`wantBlocks ${from.toString()}`),
          sendWantBodies: (cids) => say(`wantBodies ${cids.length.toString()}`),
          pause: (paused) => say(paused ? "pause" : "resume"),
          close: () => {
            link.isOpen = false;
            link.onClose("relay.orderer.closed");
          },
        };
      },
      sendAck: (message) => !full.channel && acks.push(message) > 0,
      sendBlock: (message) => !full.channel && blocks.push(message) > 0,
      sendEncodedBlock: (_kind, payload) => {
        if (full.channel) return false;
        const codec = MESSAGES.block.codec;
        const at = { bytes: payload, view: new DataView(payload.buffer, payload.byteOffset, payload.byteLength), at: 0 };
        blocks.push(codec.read(at));
        return true;
      },
    },
    { gateway: "gwA", gatewayAddress: new Uint8Array(20), genesis: GENESIS, orderers: ["one", "two"].map((name) => ({ name, scheme: "tcp", host: "", path: "" })), retryMs: 1000 },
  );
  const last = (): Link => links.at(-1)!;
  return {
    relay, links, clock, blocks, acks, logs, full,
    connect: () => {
      last().onChallenge({ relayGenesis: sha256(GENESIS), nonce: HASH, height: 0n });
      return last();
    },
    block: (height, bodies = [], sent = bodies) => {
      const message = makeBlock(height, bodies, sent);
      last().onBlock(message, encodeMessage(MESSAGES.block.codec, message));
    },
  };
};

const makeBlock = (height: bigint, bodies: readonly Uint8Array[], sent: readonly Uint8Array[]): Message<"block"> => ({
  attestation: { header: { epoch: 0n, height, prevHash: HASH, tickMs: 1n, entriesRoot: HASH }, signatures: [] },
  leaves: bodies.map(() => HASH),
  entries: bodies.map((body, position) => ({
    position, deadlineMs: 0n, cid: cidOf(sha256, body), body: sent[position] ?? NONE,
    facts: { kind: 1, from: "a", to: "b", index: 1n, requestHash: HASH, status: 0, resultHash: HASH },
  })),
});

const batch = (batchId: bigint): { message: Message<"publish">; payload: Uint8Array } => {
  const message = { content: encodeMessage(batchContent, { gateway: "gwA", batchId, evidences: [], entries: [] }), signature: new Uint8Array(65) };
  return { message, payload: encodeMessage(MESSAGES.publish.codec, message) };
};
const publish = (relay: RelayDomain, batchId: bigint): void => {
  const { message, payload } = batch(batchId);
  relay.onPublish(message, payload);
};

test("a batch goes out unchanged, again over each new connection, until it is answered", () => {
  const { relay, links, clock, connect, acks } = setUp();
  relay.start();
  publish(relay, 1n);
  const first = connect();
  const { payload } = batch(1n);
  const said = `publish ${toHex(sha256(payload)).slice(0, 8)}`;
  assert.deepEqual(first.said, ["hello gwA 0", said]);
  first.onClose("relay.orderer.closed");
  clock.advance(5000);
  assert.equal(links.at(-1)!.endpoint, "two", "the next orderer is tried");
  const second = connect();
  assert.ok(second.said.includes(said));
  second.onAck({ batchId: 1n, refused: [] });
  second.onAck({ batchId: 1n, refused: [] });
  assert.equal(acks.length, 1);
  assert.equal(relay.batches(), 0);
  relay.stop();
});

test("an orderer of another relay chain is left with an alarm", () => {
  const { relay, links, logs } = setUp();
  relay.start();
  links[0]!.onChallenge({ relayGenesis: HASH, nonce: HASH, height: 0n });
  assert.ok(logs.includes("relay.orderer.genesis"));
  assert.equal(links[0]!.isOpen, false);
  relay.stop();
});

test("an orderer that says nothing although something is asked of it is left", () => {
  const { relay, links, clock, connect } = setUp();
  relay.start();
  const link = connect();
  publish(relay, 1n);
  clock.advance(ORDERER_SILENCE_MS + 10_000);
  assert.equal(link.isOpen, false);
  assert.ok(links.length > 1);
  relay.stop();
});

test("blocks are delivered in order from the height that interaction asks for, within its window", () => {
  const { relay, connect, block, blocks } = setUp();
  relay.start();
  const link = connect();
  relay.onWantBlocks(5n);
  assert.ok(link.said.includes("wantBlocks 5"));
  block(4n);
  block(7n);
  assert.equal(blocks.length, 0);
  for (let height = 5n; height < 5n + BLOCK_WINDOW + 10n; height += 1n) block(height);
  assert.equal(blocks.length, Number(BLOCK_WINDOW));
  relay.onWantBlocks(5n + BLOCK_WINDOW);
  assert.equal(blocks.length, Number(BLOCK_WINDOW) + 10);
  assert.deepEqual(blocks.map((each) => each.attestation.header.height), blocks.map((_, at) => BigInt(at) + 5n));
  relay.stop();
});

test("reading from the orderer stops while interaction takes nothing, and goes on after", () => {
  const { relay, connect, block, blocks, full } = setUp();
  relay.start();
  const link = connect();
  relay.onWantBlocks(1n);
  full.channel = true;
  for (let height = 1n; height <= BigInt(MAX_READY_BLOCKS); height += 1n) block(height);
  assert.equal(link.said.at(-1), "pause");
  full.channel = false;
  relay.onDrain();
  assert.equal(link.said.at(-1), "resume");
  assert.equal(blocks.length, MAX_READY_BLOCKS);
  relay.stop();
});

test("after a new connection the subscription goes on where the old one ended", () => {
  const { relay, clock, connect, block } = setUp();
  relay.start();
  connect();
  relay.onWantBlocks(1n);
  block(1n);
  block(2n);
  relay.onWantBlocks(2n);
  connect().onClose("x");
  clock.advance(1000);
  assert.ok(connect().said.includes("wantBlocks 3"));
  relay.stop();
});

test("an interaction domain that comes back decides from where it gets blocks", () => {
  const { relay, connect, block, blocks } = setUp();
  relay.start();
  const link = connect();
  relay.onWantBlocks(1n);
  block(1n);
  block(2n);
  relay.onInteraction(false);
  block(3n);
  assert.equal(blocks.length, 2);
  relay.onInteraction(true);
  relay.onWantBlocks(2n);
  assert.equal(link.said.at(-1), "wantBlocks 2");
  block(2n);
  block(3n);
  assert.equal(blocks.length, 4);
  relay.stop();
});

test("a body that is missing or has another content id is asked for until somebody serves it", () => {
  const { relay, clock, connect, block, blocks, logs } = setUp();
  relay.start();
  const link = connect();
  relay.onWantBlocks(1n);
  const bodies = [1, 2, 3].map((seed) => new Uint8Array(40).fill(seed));
  block(1n, bodies, [bodies[0]!, NONE, Uint8Array.of(9)]);
  assert.ok(logs.includes("relay.body.cid"));
  assert.deepEqual(blocks[0]!.entries.map((each) => each.body.length), [40, 0, 0]);
  assert.equal(link.said.at(-1), "wantBodies 2");
  clock.advance(3000);
  assert.ok(link.said.filter((each) => each === "wantBodies 2").length >= 3);
  link.onBodies({ bodies: [{ cid: cidOf(sha256, bodies[1]!), body: Uint8Array.of(1) }, { cid: cidOf(sha256, bodies[2]!), body: NONE }] });
  assert.equal(blocks.length, 1);
  link.onBodies({ bodies: bodies.map((body) => ({ cid: cidOf(sha256, body), body })) });
  assert.deepEqual(blocks.slice(1).map((each) => each.entries.map(({ position }) => position)), [[1], [2]]);
  assert.equal(relay.flow.missing(), 0);
  relay.stop();
});

test("batches beyond the buffer are not kept, malformed ones are refused", () => {
  const { relay, logs } = setUp();
  relay.start();
  for (let batchId = 0; batchId < MAX_KEPT_BATCHES + 5; batchId += 1) publish(relay, BigInt(batchId));
  assert.equal(relay.batches(), MAX_KEPT_BATCHES);
  assert.ok(logs.includes("relay.buffer.full"));
  relay.onPublish({ content: Uint8Array.of(1), signature: new Uint8Array(65) }, Uint8Array.of(1));
  assert.ok(logs.includes("relay.batch.malformed"));
  relay.stop();
});

const pipe = (): { stream: Duplex; codes: string[]; frame: (name: MessageName, payload: Uint8Array) => Uint8Array } => {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const codes: string[] = [];
  const ignore = (): void => undefined;
  makeOpenLink(() => stream)("one", { onChallenge: ignore, onAck: ignore, onBlock: ignore, onBodies: ignore, onDrain: ignore, onClose: (code) => codes.push(code) });
  return { stream, codes, frame: (name, payload) => Buffer.concat([encodeFrameHeader(MESSAGES[name].number, 0, payload.length), payload]) };
};

test("whatever an orderer answers, the link takes it or ends with one coded reason", () => {
  const kinds = Object.keys(MESSAGES) as MessageName[];
  fc.assert(fc.property(fc.array(fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => ({ name: null, bytes })),
    fc.record({ name: fc.constantFrom(...kinds), bytes: fc.uint8Array({ maxLength: 200 }) }),
  ), { minLength: 1, maxLength: 10 }), (pieces) => {
    const { stream, codes, frame } = pipe();
    for (const { name, bytes } of pieces) stream.emit("data", name === null ? bytes : frame(name, bytes));
    assert.ok(codes.length <= 1);
    for (const code of codes) assert.match(code, /^(wire|relay)\./u);
    stream.destroy();
  }), { numRuns: 300 });
});

test("a message that only others may send ends the link", () => {
  const { stream, codes, frame } = pipe();
  stream.emit("data", frame("wantBlocks", encodeMessage(MESSAGES.wantBlocks.codec, { from: 1n })));
  assert.deepEqual(codes, ["wire.frame.kind"]);
});
