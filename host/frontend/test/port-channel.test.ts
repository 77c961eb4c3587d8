import assert from "node:assert/strict";
import { test } from "node:test";
import { bounds, encodeMessage, gatherFrames, makeFrameDecoder, maxPayloadBytes, MESSAGES, type Codec, type Frame, type Message, type MessageName } from "@crossguardian/wire";
import { makePortChannel, SWITCH_EVENT } from "../src/index.ts";

const open = () => {
  const written: Frame[] = [];
  const refused: string[] = [];
  const torn: string[] = [];
  let writes = 0;
  let nowMs = 0;
  let soonRuns: (() => void)[] = [];
  const handlers: { bytes: (piece: Uint8Array) => void; drain: () => void } = { bytes: () => undefined, drain: () => undefined };
  const decoder = makeFrameDecoder(maxPayloadBytes);
  const link = {
    isStalled: false,
    write: (pieces: readonly Uint8Array[]) => {
      writes += 1;
      for (const piece of pieces) {
        const frames = decoder.push(piece);
        assert.ok(frames.ok);
        written.push(...frames.value);
      }
    },
    isFull: () => link.isStalled,
    onBytes: (handler: (piece: Uint8Array) => void) => {
      handlers.bytes = handler;
    },
    onDrain: (handler: () => void) => {
      handlers.drain = handler;
    },
  };
  const channel = makePortChannel({
    origins: "peers",
    link,
    soon: (run) => soonRuns.push(run),
    nowMs: () => nowMs,
    onRefused: (port, _kind, { code }) => refused.push(`${port} ${code}`),
    onTorn: ({ code }) => torn.push(code),
  });
  const turn = (): void => {
    const runs = soonRuns;
    soonRuns = [];
    for (const run of runs) run();
  };
  const hear = <N extends MessageName>(from: number, name: N, message: Message<N>): void => {
    const payload = encodeMessage(MESSAGES[name].codec as unknown as Codec<Message<N>>, message);
    handlers.bytes(gatherFrames([{ kind: MESSAGES[name].number, port: from, parts: [payload], payloadBytes: payload.length }])[0]!);
  };
  const event = (port: number, name: string, epoch = 0n): void => hear(255, "portEvent", { port, name: "", event: name, count: epoch });
  return {
    channel,
    event,
    comeUp: (port: number, epoch = 0n): void => event(port, SWITCH_EVENT.portUp, epoch),
    link,
    refused,
    torn,
    turn,
    writes: () => writes,
    written: () => written.map(({ kind, port }) => `${kind} ${port}`),
    drain: () => {
      link.isStalled = false;
      handlers.drain();
      turn();
    },
    hear,
    pass: (ms: number) => (nowMs += ms),
    hearBytes: (bytes: Uint8Array) => handlers.bytes(bytes),
  };
};
const scan = (from: bigint) => ({ chain: "A", from, grants: 1, restart: false });
const beat = (sequence: bigint) => ({ sequence, gauges: [] });
const piece = (bytes: number) => ({ stream: 1, piece: new Uint8Array(bytes) });

test("messages of one turn go out in one write, control first, the others in order", () => {
  const { channel, turn, writes, written } = open();
  assert.ok(channel.send(5, "scan", scan(1n)));
  assert.ok(channel.send(6, "data", piece(3)));
  assert.ok(channel.send(0, "heartbeat", beat(1n)));
  assert.equal(writes(), 0);
  turn();
  assert.equal(writes(), 1);
  assert.deepEqual(written(), ["3 0", "13 5", "31 6"]);
});

test("what a long turn over many messages has to say goes out in between, unless the switch reads nothing", () => {
  for (const isStalled of [false, true]) {
    const { channel, comeUp, hearBytes, link, pass, turn, writes } = open();
    comeUp(5);
    link.isStalled = isStalled;
    const written: number[] = [];
    channel.on("scan", (_, { from }) => {
      written.push(writes());
      assert.ok(channel.send(5, "scan", scan(from)));
      pass(from < 3n ? 1 : 10);
    });
    const payloads = [1n, 2n, 3n, 4n, 5n].map((from) => encodeMessage(MESSAGES.scan.codec, scan(from)));
    hearBytes(Buffer.concat(gatherFrames(payloads.map((payload) => ({ kind: MESSAGES.scan.number, port: 5, parts: [payload], payloadBytes: payload.length })))));
    assert.deepEqual(written, isStalled ? [0, 0, 0, 0, 0] : [0, 0, 1, 2, 3]);
    turn();
    assert.equal(writes(), isStalled ? 0 : 4);
  }
});

test("a port that is not served by the switch fills its own way only, and is free again with credit", () => {
  const { channel, turn, hear } = open();
  let drained = 0;
  channel.onDrain(() => (drained += 1));
  let sent = 0;
  while (channel.send(5, "data", piece(60_000))) sent += 60_000;
  assert.ok(sent > bounds.FLOW_WINDOW_BYTES - 120_000 && sent < bounds.FLOW_WINDOW_BYTES + 60_000);
  assert.equal(channel.send(6, "data", piece(60_000)), true);
  assert.equal(channel.send(5, "credit", { stream: 1, bytes: 1 }), true);
  turn();
  hear(255, "credit", { stream: 5, bytes: 1_000_000 });
  assert.ok(drained >= 1);
  assert.equal(channel.send(5, "data", piece(60_000)), true);
});

test("a switch that does not read fills the channel within its bound; a small control message is still taken", () => {
  const { channel, link, turn, drain } = open();
  link.isStalled = true;
  for (let port = 1; port < 200; port += 1) while (channel.send(port, "data", piece(60_000))) turn();
  assert.ok(channel.queuedBytes() <= 16 * 1024 * 1024);
  assert.equal(channel.send(0, "heartbeat", beat(1n)), true);
  drain();
  assert.equal(channel.queuedBytes(), 0);
});

test("the largest message is taken by an empty channel", () => {
  const { channel } = open();
  assert.equal(channel.sendEncoded(5, MESSAGES.observed.number, new Uint8Array(8 * 1024 * 1024)), true);
  assert.throws(() => channel.sendEncoded(5, MESSAGES.observed.number, new Uint8Array(8 * 1024 * 1024 + 1)), { name: "CodedError" });
});

test("messages that come before their handler are delivered to it in order, before later ones", () => {
  const { channel, turn, hear, comeUp } = open();
  comeUp(5);
  hear(5, "scan", scan(1n));
  hear(5, "scan", scan(2n));
  const got: bigint[] = [];
  channel.on("scan", (port, { from }) => {
    assert.equal(port, 5);
    got.push(from);
  });
  hear(5, "scan", scan(3n));
  turn();
  hear(5, "scan", scan(4n));
  assert.deepEqual(got, [1n, 2n, 3n, 4n]);
});

test("what nothing takes, and what does not decode, is refused by code and the channel goes on", () => {
  const { channel, hear, hearBytes, refused, torn, comeUp } = open();
  comeUp(5);
  comeUp(7);
  hear(5, "scan", scan(1n));
  channel.stopHolding();
  hear(7, "wantBlocks", { from: 1n });
  let got = 0;
  channel.on("scan", () => (got += 1));
  hearBytes(gatherFrames([{ kind: MESSAGES.scan.number, port: 5, parts: [Uint8Array.of(9)], payloadBytes: 1 }])[0]!);
  hear(5, "scan", scan(1n));
  assert.deepEqual(refused, ["5 frontend.message.unwanted", "7 frontend.message.unwanted", "5 wire.message.truncated"]);
  assert.equal(got, 1);
  assert.deepEqual(torn, []);
});

test("bytes that are no frame are reported as torn", () => {
  const { hearBytes, torn } = open();
  hearBytes(new Uint8Array(40).fill(7));
  assert.deepEqual(torn, ["wire.frame.magic"]);
});

test("a new switch starts all ways anew and takes all peers down; peers that are up are told to late listeners", () => {
  const { channel, hear, turn } = open();
  const told: string[] = [];
  const event = (port: number, name: string) => hear(255, "portEvent", { port, name: "", event: name, count: 0n });
  event(5, SWITCH_EVENT.portUp);
  channel.onPeer((port, up) => told.push(`${port} ${up}`));
  turn();
  assert.ok(channel.isUp(5));
  while (channel.send(5, "data", piece(60_000))) turn();
  let started = 0;
  channel.onSwitchStarted(() => (started += 1));
  event(255, SWITCH_EVENT.started);
  assert.equal(channel.send(5, "data", piece(60_000)), true);
  event(5, SWITCH_EVENT.portUp);
  event(5, SWITCH_EVENT.portDown);
  assert.deepEqual(told, ["5 true", "5 false", "5 true", "5 false"]);
  assert.equal(started, 1);
});

test("only the switch itself gives credit or speaks of peers", () => {
  const { channel, hear, turn } = open();
  channel.on("credit", () => undefined);
  while (channel.send(5, "data", piece(60_000))) turn();
  hear(5, "credit", { stream: 5, bytes: 1_000_000 });
  hear(5, "portEvent", { port: 6, name: "", event: SWITCH_EVENT.portUp, count: 0n });
  assert.equal(channel.send(5, "data", piece(60_000)), false);
  assert.equal(channel.isUp(6), false);
});

test("what a peer said whose instance is gone is refused, also what was kept of it, and nothing is taken of one that the switch did not announce", () => {
  const { channel, hear, turn, refused, comeUp, event } = open();
  const got: bigint[] = [];
  turn();
  comeUp(5, 3n);
  hear(5, "scan", scan(1n));
  event(5, SWITCH_EVENT.portDown, 3n);
  hear(5, "scan", scan(2n));
  hear(6, "scan", scan(3n));
  comeUp(5, 4n);
  channel.on("scan", (_port, { from }) => got.push(from));
  turn();
  hear(5, "scan", scan(4n));
  assert.deepEqual(got, [4n]);
  assert.deepEqual(refused, ["5 frontend.origin.absent", "6 frontend.origin.absent"]);
});

test("a peer in an older instance than one that was there is not believed to be there, also after another switch", () => {
  const { channel, hear, refused, comeUp, event } = open();
  let got = 0;
  channel.on("scan", () => (got += 1));
  comeUp(5, 7n);
  event(5, SWITCH_EVENT.portDown, 7n);
  comeUp(5, 6n);
  hear(5, "scan", scan(1n));
  event(255, SWITCH_EVENT.started);
  comeUp(5, 6n);
  hear(5, "scan", scan(1n));
  assert.equal(got, 0);
  comeUp(5, 7n);
  hear(5, "scan", scan(1n));
  assert.equal(got, 1);
  assert.deepEqual(refused.slice(0, 2), ["5 frontend.peer.stale", "5 frontend.origin.absent"]);
});

test("a domain is told once that it does the work of its role, also when it asks late", () => {
  const { channel, event } = open();
  let told = 0;
  channel.onActive(() => (told += 1));
  assert.equal(told, 0);
  event(9, SWITCH_EVENT.active);
  event(9, SWITCH_EVENT.active);
  channel.onActive(() => (told += 1));
  assert.equal(told, 2);
});
