import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { bounds, decodeMessage, MESSAGES } from "@crossguardian/wire";
import { ADMISSION_WAIT_MS, COUNT_MS, HALF_FRAME_DEADLINE_MS, MAX_UNREAD_BYTES, REPORT_MS } from "../src/index.ts";
import { benchOfPorts, frameOf, rawFrame, type FarEnd } from "./ports-in-memory.ts";

const GATEWAY = readFileSync(new URL("../policy/gateway.flow", import.meta.url), "utf8");

/** 1 network, 2 and 3 plugins of chains A and B, 4 witness of A, 5 interaction, 6 relay; all admitted. */
const gateway = (policy = GATEWAY) => {
  const bench = benchOfPorts(policy);
  const management = bench.attach(0, "management");
  const ends = {
    management,
    network: bench.attach(1, "network"),
    pluginA: bench.attach(2, "plugin", "A"),
    pluginB: bench.attach(3, "plugin", "B"),
    witness: bench.attach(4, "witness", "A"),
    interaction: bench.attach(5, "interaction"),
    relay: bench.attach(6, "relay"),
  };
  for (const port of [1, 2, 3, 4, 5, 6]) admit(management, port);
  return { ...bench, ...ends };
};
const admit = (management: FarEnd, port: number, open: 0 | 1 = 1, epoch = 0n): void =>
  management.say(frameOf(255, "admit", { port, open, epoch }));

const scan = (chain = "A") => ({ chain, from: 1n, grants: 1, restart: false });
const submitted = (to: number, chain = "A") => frameOf(to, "submitted", { chain, id: 1n, outcome: 1, detail: "" });
const submittedBytes = (to: number, detailBytes: number) =>
  frameOf(to, "submitted", { chain: "A", id: 1n, outcome: 1, detail: "x".repeat(detailBytes) });
const data = (to: number, bytes: number) => frameOf(to, "data", { stream: 1, piece: new Uint8Array(bytes) });
const eventsAt = (end: FarEnd): string[] =>
  end.got
    .filter(({ from, name }) => from === 255 && name === "portEvent")
    .map(({ payload }) => {
      const event = decodeMessage(MESSAGES.portEvent.codec, payload);
      assert.ok(event.ok);
      return `${event.value.port} ${event.value.event} ${event.value.count}`;
    });
const refusedOf = (house: ReturnType<typeof gateway>, port: number): Record<string, number> =>
  house.theSwitch.stats().find(({ number }) => number === port)?.refused ?? {};
const creditAt = (end: FarEnd, destination: number): number =>
  end.got
    .filter(({ from, name }) => from === 255 && name === "credit")
    .map(({ payload }) => {
      const credit = decodeMessage(MESSAGES.credit.codec, payload);
      assert.ok(credit.ok);
      return credit.value.stream === destination ? credit.value.bytes : 0;
    })
    .reduce((sum, bytes) => sum + bytes, 0);

test("a message arrives with the number of the channel it came by as its origin", () => {
  const { pluginA, interaction } = gateway();
  pluginA.say(submitted(5));
  assert.deepEqual(interaction.messages(), ["2 submitted"]);
});

test("what no policy line allows does not arrive, is counted, and is reported once per second", () => {
  const house = gateway();
  for (const to of [3, 6, 4, 2]) house.pluginA.say(submitted(to));
  house.witness.say(submitted(5));
  for (const end of [house.pluginB, house.relay, house.witness, house.interaction]) assert.deepEqual(end.messages(), []);
  assert.equal(refusedOf(house, 2)["switch.flow.denied"], 3);
  house.pass(REPORT_MS);
  house.pass(REPORT_MS);
  assert.equal(eventsAt(house.management).filter((each) => each === "2 switch.flow.denied 3").length, 1);
});

test("management hears of the first violation with the next count, and of later ones once a second", () => {
  const house = gateway();
  house.pluginA.say(submitted(3));
  house.pass(COUNT_MS);
  assert.ok(eventsAt(house.management).includes("2 switch.flow.denied 1"));
  house.pluginA.say(submitted(3));
  house.pass(REPORT_MS - 2 * COUNT_MS);
  assert.ok(!eventsAt(house.management).includes("2 switch.flow.denied 2"));
  house.pass(3 * COUNT_MS);
  assert.ok(eventsAt(house.management).includes("2 switch.flow.denied 2"));
});

test("management is told ten times a second what passed, from whom to whom, and how long it waits", () => {
  const house = gateway();
  house.interaction.stall = true;
  house.pluginA.say(data(1, 1_000));
  for (let at = 0; at < 3; at += 1) house.pluginA.say(submitted(5));
  house.pluginA.say(submitted(6));
  house.management.got.length = 0;
  house.pass(10 * COUNT_MS);
  const told = house.management.got.filter(({ from, name }) => from === 255 && name === "portCounters").map(({ payload }) => {
    const counters = decodeMessage(MESSAGES.portCounters.codec, payload);
    assert.ok(counters.ok);
    return counters.value;
  });
  assert.equal(told.length, 10);
  const last = told.at(-1) ?? assert.fail();
  const plugin = last.ports.find(({ port }) => port === 2) ?? assert.fail();
  assert.deepEqual([plugin.framesIn, plugin.refused], [5n, 1n]);
  assert.deepEqual(last.flows.filter(({ from }) => from === 2).map(({ to, frames }) => [to, frames]), [[1, 1n], [5, 3n]]);
  const interaction = last.ports.find(({ port }) => port === 5) ?? assert.fail();
  assert.ok(interaction.queuedBytes > 0n);
  assert.equal(interaction.oldestMs, 9 * COUNT_MS);
});

test("a management that does not read is not told for ever", () => {
  const house = gateway();
  house.management.stall = true;
  house.pass(20 * 60_000);
  const queued = house.theSwitch.stats().find(({ number }) => number === 0)?.queuedBytes ?? 0;
  assert.ok(queued < MAX_UNREAD_BYTES + 64 * 1024, String(queued));
});

test("only management's word opens ways", () => {
  const house = gateway();
  const late = house.attach(7, "plugin", "C");
  house.pluginA.say(frameOf(255, "admit", { port: 7, open: 1, epoch: 0n }));
  assert.equal(refusedOf(house, 2)["switch.flow.denied"], 1);
  late.say(submitted(5, "C"));
  assert.deepEqual(house.interaction.messages(), []);
  assert.ok(late.isPaused());
  admit(house.management, 7);
  assert.deepEqual(house.interaction.messages(), ["7 submitted"]);
  assert.equal(late.isPaused(), false);
});

test("before its admission a port reaches management, and what it says to others is dropped after a wait", () => {
  const house = gateway();
  const late = house.attach(7, "plugin", "C");
  late.say(frameOf(0, "heartbeat", { sequence: 0n, gauges: [] }));
  assert.deepEqual(house.management.messages(), ["7 heartbeat"]);
  late.say(submitted(5, "C"));
  late.say(frameOf(0, "heartbeat", { sequence: 1n, gauges: [] }));
  house.pass(ADMISSION_WAIT_MS);
  assert.deepEqual(house.management.messages(), ["7 heartbeat", "7 heartbeat"]);
  assert.deepEqual(house.interaction.messages(), []);
});

test("an admission for another instance of the port is refused", () => {
  const house = gateway();
  house.attach(7, "plugin", "C", 9n);
  admit(house.management, 7, 1, 8n);
  assert.equal(house.theSwitch.stats().find(({ number }) => number === 7)?.isAdmitted, false);
  admit(house.management, 7, 1, 9n);
  assert.equal(house.theSwitch.stats().find(({ number }) => number === 7)?.isAdmitted, true);
});

test("a plugin can not speak of another chain, nor be spoken to about one", () => {
  const house = gateway();
  house.pluginA.say(submitted(5, "B"));
  house.interaction.say(frameOf(2, "scan", scan("B")));
  assert.deepEqual(house.interaction.messages(), []);
  assert.deepEqual(house.pluginA.messages(), []);
  assert.equal(refusedOf(house, 2)["switch.chain.foreign"], 1);
  assert.equal(refusedOf(house, 5)["switch.chain.foreign"], 1);
});

test("a message that does not decode is dropped, and its sender stays connected", () => {
  const house = gateway();
  house.pluginA.say(rawFrame(5, MESSAGES.submitted.number, Uint8Array.of(1, 2, 3)));
  house.pluginA.say(submitted(5));
  assert.deepEqual(house.interaction.messages(), ["2 submitted"]);
  assert.equal(refusedOf(house, 2)["switch.message.malformed"], 1);
  assert.deepEqual(house.torn, []);
});

test("bytes that are no frame end that port only", () => {
  const house = gateway();
  house.pluginA.say(new Uint8Array(64).fill(0x41));
  assert.deepEqual(house.torn, [{ number: 2, code: "wire.frame.magic" }]);
  assert.ok(house.pluginA.isClosed());
  house.pluginB.say(submitted(5, "B"));
  assert.deepEqual(house.interaction.messages(), ["3 submitted"]);
  assert.ok(eventsAt(house.management).includes("2 wire.frame.magic 1"));
  assert.ok(eventsAt(house.interaction).includes("2 port.down 0"));
});

test("a frame longer than its kind allows ends its port before any of it is kept", () => {
  const house = gateway();
  const header = rawFrame(5, MESSAGES.submitted.number, new Uint8Array(2000)).subarray(0, 12);
  house.pluginA.say(header);
  assert.deepEqual(house.torn, [{ number: 2, code: "wire.frame.oversize" }]);
});

test("a frame begun and not ended within the deadline ends its port; a slow one that ends does not", () => {
  const house = gateway();
  house.pluginA.say(submitted(5).subarray(0, 15));
  house.pluginB.say(submitted(5, "B").subarray(0, 15));
  house.pass(HALF_FRAME_DEADLINE_MS - 1000);
  house.pluginB.say(submitted(5, "B").subarray(15));
  house.pass(3000);
  assert.deepEqual(house.torn, [{ number: 2, code: "switch.frame.late" }]);
  assert.deepEqual(house.interaction.messages(), ["3 submitted"]);
});

test("a destination that does not read stops nobody who keeps to his credit", () => {
  const house = gateway();
  house.pluginA.stall = true;
  for (let sent = 0; sent < bounds.FLOW_WINDOW_BYTES; sent += 100_000) {
    house.interaction.say(frameOf(2, "submit", { ...emptySubmit, results: Array.from({ length: 10 }, () => new Uint8Array(10_000)) }));
  }
  assert.equal(creditAt(house.interaction, 2), 0);
  house.interaction.say(frameOf(3, "scan", scan("B")));
  assert.deepEqual(house.pluginB.messages(), ["5 scan"]);
  assert.equal(house.interaction.isPaused(), false);
  house.pluginA.drain();
  assert.equal(house.pluginA.messages().length, 42);
  assert.ok(creditAt(house.interaction, 2) > bounds.FLOW_WINDOW_BYTES - bounds.FLOW_WINDOW_BYTES / 8);
});

const emptySubmit = {
  chain: "A",
  id: 1n,
  call: 2 as const,
  attestation: {
    header: { epoch: 1n, height: 1n, prevHash: new Uint8Array(32), tickMs: 0n, entriesRoot: new Uint8Array(32) },
    signatures: [],
  },
  entries: [],
  bodies: [],
  results: [] as Uint8Array[],
};

test("who sends past his credit loses the surplus, and the queue stays bounded", () => {
  const house = gateway();
  house.network.stall = true;
  for (let count = 0; count < 400; count += 1) {
    house.pluginA.say(data(1, 60_000));
    house.pass(100);
  }
  const stats = house.theSwitch.stats().find(({ number }) => number === 1);
  assert.ok((stats?.queuedBytes ?? 0) < 3 * bounds.FLOW_WINDOW_BYTES);
  assert.ok((refusedOf(house, 2)["switch.credit.exceeded"] ?? 0) > 100);
});

test("who reads nothing gathers no unbounded credit messages", () => {
  const house = gateway();
  house.pluginA.stall = true;
  for (let count = 0; count < 1000; count += 1) {
    house.pluginA.say(data(1, 60_000));
    house.pass(10);
  }
  const stats = house.theSwitch.stats().find(({ number }) => number === 2);
  assert.ok((stats?.queuedBytes ?? 0) < 10_000);
  house.pluginA.drain();
  assert.ok(creditAt(house.pluginA, 1) > 59_000_000);
});

test("a port over its rate is not read until its debt is paid, and nothing of it is lost", () => {
  const house = gateway(GATEWAY.replace(/^limit plugin .*$/mu, "limit plugin 10 1000000 # test"));
  for (let count = 0; count < 30; count += 1) house.pluginA.say(submitted(5));
  assert.equal(house.pluginA.isPaused(), true);
  assert.equal(house.interaction.messages().length, 11);
  house.pluginB.say(submitted(5, "B"));
  assert.equal(house.interaction.messages().length, 12);
  house.pass(3000);
  assert.equal(house.interaction.messages().length, 31);
});

test("control messages overtake what waits; open and close keep their place among data", () => {
  const house = gateway();
  house.network.stall = true;
  house.pluginA.say(data(1, 10));
  house.pluginA.say(frameOf(1, "close", { stream: 1, code: "" }));
  house.management.say(frameOf(1, "control", { command: "x", argument: "" }));
  house.network.drain();
  assert.deepEqual(house.network.messages(), ["0 control", "2 data", "2 close"]);
});

test("ports learn when a peer they may talk with comes and goes", () => {
  const house = gateway();
  house.pluginA.end();
  assert.ok(eventsAt(house.interaction).includes("2 port.down 0"));
  assert.ok(eventsAt(house.network).includes("2 port.down 0"));
  assert.ok(!eventsAt(house.pluginB).some((each) => each.startsWith("2 ")));
  assert.ok(eventsAt(house.management).includes("2 port.gone 0"));
  const again = house.attach(2, "plugin", "A");
  admit(house.management, 2);
  assert.equal(eventsAt(house.interaction).filter((each) => each === "2 port.up 0").length, 2);
  assert.deepEqual(eventsAt(again), ["255 switch.started 0", "0 port.up 0", "1 port.up 0", "5 port.up 0", "2 port.active 0"]);
});

test("a replaced port gets nothing of what waited for the one before", () => {
  const house = gateway();
  house.pluginA.stall = true;
  house.interaction.say(frameOf(2, "scan", scan()));
  const again = house.attach(2, "plugin", "A");
  admit(house.management, 2);
  assert.deepEqual(again.messages(), []);
  assert.ok(house.pluginA.isClosed());
});

test("a new switch hears of admitted ports from management, and until then their messages wait", () => {
  const bench = benchOfPorts(GATEWAY);
  const interaction = bench.attach(5, "interaction");
  const plugin = bench.attach(2, "plugin", "A");
  plugin.say(submittedBytes(5, 10));
  const management = bench.attach(0, "management");
  assert.deepEqual(eventsAt(management), ["255 switch.started 0", "5 port.attached 0", "2 port.attached 0"]);
  admit(management, 5);
  admit(management, 2);
  assert.deepEqual(interaction.messages(), ["2 submitted"]);
});

test("no bytes of a domain make the switch fail or reach another domain unchecked", () => {
  const kinds = [...Array(256).keys()];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...kinds), fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 255), fc.uint8Array({ maxLength: 300 })), {
        maxLength: 20,
      }),
      (frames) => {
        const house = gateway();
        for (const [kind, port, payload] of frames) house.pluginA.say(rawFrame(port, kind, payload));
        house.pass(REPORT_MS);
        for (const end of [house.pluginB, house.witness, house.relay]) assert.deepEqual(end.messages(), []);
        for (const end of [house.interaction, house.network, house.management]) {
          for (const { from, name, payload } of end.got.filter((each) => each.from !== 255)) {
            assert.equal(from, 2);
            assert.ok(decodeMessage<unknown>((MESSAGES as any)[name].codec, payload).ok);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});
