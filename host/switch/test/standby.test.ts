import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeMessage, MESSAGES } from "@crossguardian/wire";
import { ADMISSION_WAIT_MS } from "../src/index.ts";
import { benchOfPorts, type FarEnd, frameOf } from "./ports-in-memory.ts";

const GATEWAY = readFileSync(new URL("../policy/gateway.flow", import.meta.url), "utf8");
const [ACTIVE, STANDBY, INTERACTION] = [2, 8, 5];
const submitted = (to = INTERACTION) => frameOf(to, "submitted", { chain: "A", id: 1n, outcome: 1, detail: "" });
const scan = frameOf(ACTIVE, "scan", { chain: "A", from: 1n, grants: 1, restart: false });

const eventsAt = (end: FarEnd): string[] =>
  end.got.flatMap(({ from, name, payload }) => {
    if (from !== 255 || name !== "portEvent") return [];
    const event = decodeMessage(MESSAGES.portEvent.codec, payload);
    assert.ok(event.ok);
    return [`${event.value.port} ${event.value.event} ${event.value.count}`];
  });

/** 2 a plugin in instance 10, 8 its standby in instance 11, 5 interaction; all admitted. */
const house = () => {
  const bench = benchOfPorts(GATEWAY);
  const management = bench.attach(0, "management");
  const interaction = bench.attach(INTERACTION, "interaction", null, 1n);
  const active = bench.attach(ACTIVE, "plugin", "A", 10n);
  const standby = bench.attach(STANDBY, "plugin", "A", 11n, { role: ACTIVE, isFirst: false });
  const admit = (port: number, epoch: bigint, open = 1): void => management.say(frameOf(255, "admit", { port, open, epoch }));
  const promote = (port: number, epoch: bigint): void => management.say(frameOf(255, "promote", { port, epoch }));
  admit(INTERACTION, 1n);
  admit(ACTIVE, 10n);
  admit(STANDBY, 11n);
  const refusedOf = (port: number): Record<string, number> => bench.theSwitch.stats().find(({ number }) => number === port)?.refused ?? {};
  return { ...bench, management, interaction, active, standby, admit, promote, refusedOf };
};

test("a standby talks with management alone, and nobody is told that it is there", () => {
  const { standby, interaction, management, refusedOf } = house();
  standby.say(submitted());
  standby.say(frameOf(0, "heartbeat", { sequence: 1n, gauges: [] }));
  interaction.say(frameOf(STANDBY, "scan", { chain: "A", from: 1n, grants: 1, restart: false }));
  assert.deepEqual(interaction.messages(), []);
  assert.deepEqual(standby.messages(), []);
  assert.equal(refusedOf(STANDBY)["switch.port.standby"], 1);
  assert.equal(refusedOf(INTERACTION)["switch.destination.absent"], 1);
  assert.deepEqual(management.messages(), [`${STANDBY} heartbeat`]);
  assert.ok(!eventsAt(interaction).some((each) => each.startsWith(`${STANDBY} `)));
});

test("when the channel of the active one ends, its standby has its place within the same event, under the same number", () => {
  const { active, standby, interaction, management, activations } = house();
  active.end();
  assert.deepEqual(eventsAt(interaction).slice(-2), ["2 port.down 10", "2 port.up 11"]);
  assert.deepEqual(eventsAt(standby), ["255 switch.started 0", "0 port.up 0", "5 port.up 1", "8 port.active 11"]);
  standby.say(submitted());
  interaction.say(scan);
  assert.deepEqual(interaction.messages(), ["2 submitted"]);
  assert.deepEqual(standby.messages(), ["5 scan"]);
  assert.ok(eventsAt(management).includes("8 port.active 11"));
  assert.deepEqual(activations.at(-1), { number: STANDBY, role: ACTIVE, epoch: 11n, instead: ACTIVE, why: "ended", atMs: 0 });
});

test("the first work of the one that took over is reported, once, with the time it took", () => {
  const { active, standby, served, pass } = house();
  active.end();
  pass(40);
  standby.say(frameOf(0, "heartbeat", { sequence: 1n, gauges: [] }));
  standby.say(submitted());
  standby.say(submitted());
  assert.deepEqual(served, [{ number: STANDBY, role: ACTIVE, kind: MESSAGES.submitted.number, atMs: 40, afterMs: 40 }]);
});

test("the one that comes back after its standby took over is the standby", () => {
  const { active, standby, interaction, attach, admit } = house();
  active.end();
  const again = attach(ACTIVE, "plugin", "A", 12n, { isFirst: false });
  admit(ACTIVE, 12n);
  again.say(submitted());
  interaction.say(scan);
  assert.deepEqual(interaction.messages(), []);
  assert.deepEqual(standby.messages(), ["5 scan"]);
  standby.end();
  again.say(submitted());
  assert.deepEqual(interaction.messages(), ["2 submitted"]);
});

test("without an admitted standby nobody takes over, and the next one admitted does", () => {
  const { active, standby, interaction, attach, admit } = house();
  standby.end();
  const next = attach(STANDBY, "plugin", "A", 12n, { role: ACTIVE, isFirst: false });
  active.end();
  interaction.say(scan);
  assert.deepEqual(next.messages(), []);
  admit(STANDBY, 12n);
  next.say(submitted());
  assert.deepEqual(interaction.messages(), ["2 submitted"]);
});

test("management puts a standby in the place of an active one that lives: nothing the replaced one says arrives any more, neither what waited nor what it says when it wakes up", () => {
  const { active, standby, interaction, promote, pass, refusedOf } = house();
  interaction.stall = true;
  interaction.say(new Uint8Array());
  active.say(submitted());
  const waiting = interaction.messages().length;
  active.say(submitted());
  active.say(submitted());
  promote(STANDBY, 11n);
  active.say(submitted());
  interaction.drain();
  pass(ADMISSION_WAIT_MS);
  interaction.drain();
  assert.equal(interaction.messages().length, waiting);
  assert.equal(refusedOf(ACTIVE)["switch.port.unadmitted"], 1);
  standby.say(submitted());
  assert.equal(interaction.messages().length, waiting + 1);
  assert.deepEqual(eventsAt(interaction).slice(-2), ["2 port.down 10", "2 port.up 11"]);
});

test("a zombie of an earlier instance that management admits again by mistake does not get its place back", () => {
  const { active, interaction, promote, admit } = house();
  promote(STANDBY, 11n);
  admit(ACTIVE, 10n);
  active.say(submitted());
  interaction.say(scan);
  assert.deepEqual(interaction.messages(), []);
  assert.deepEqual(active.messages(), []);
});

test("a promotion of another instance, of one that is not admitted, or of no standby is refused", () => {
  const { active, interaction, promote, admit, refusedOf } = house();
  promote(STANDBY, 10n);
  promote(ACTIVE, 10n);
  promote(77, 0n);
  admit(STANDBY, 11n, 0);
  promote(STANDBY, 11n);
  assert.equal(refusedOf(0)["switch.promote.refused"], 4);
  active.say(submitted());
  assert.deepEqual(interaction.messages(), ["2 submitted"]);
});

test("a quarantined port is closed in both directions at once, and management is told", () => {
  const { active, interaction, management, admit } = house();
  active.stall = true;
  interaction.say(scan);
  const got = active.messages().length;
  interaction.say(scan);
  admit(ACTIVE, 10n, 0);
  active.drain();
  assert.equal(active.messages().length, got);
  assert.equal(eventsAt(management).at(-1), "2 port.closed 10");
  assert.equal(eventsAt(interaction).at(-1), "2 port.down 10");
});

test("a new switch never gives a role to an instance older than one that an earlier switch gave it to", () => {
  const bench = benchOfPorts(GATEWAY);
  const management = bench.attach(0, "management");
  const interaction = bench.attach(INTERACTION, "interaction", null, 1n);
  const older = bench.attach(STANDBY, "plugin", "A", 9n, { role: ACTIVE, isFirst: false, newest: 13n });
  for (const [port, epoch] of [[INTERACTION, 1n], [STANDBY, 9n]] as const) management.say(frameOf(255, "admit", { port, open: 1, epoch }));
  const active = bench.attach(ACTIVE, "plugin", "A", 13n, { newest: 13n });
  management.say(frameOf(255, "admit", { port: ACTIVE, open: 1, epoch: 13n }));
  older.say(submitted());
  active.say(submitted());
  assert.deepEqual(interaction.messages(), ["2 submitted"]);
  assert.deepEqual(eventsAt(interaction).filter((each) => each.includes("port.up")), ["0 port.up 0", "2 port.up 13"]);
});

test("a new switch keeps the active one that the launcher names, whatever the order of admissions", () => {
  const bench = benchOfPorts(GATEWAY);
  const standby = bench.attach(ACTIVE, "plugin", "A", 12n, { isFirst: false });
  const active = bench.attach(STANDBY, "plugin", "A", 11n, { role: ACTIVE, isFirst: true });
  const interaction = bench.attach(INTERACTION, "interaction", null, 1n);
  const management = bench.attach(0, "management");
  for (const [port, epoch] of [[ACTIVE, 12n], [STANDBY, 11n], [INTERACTION, 1n]] as const) management.say(frameOf(255, "admit", { port, open: 1, epoch }));
  standby.say(submitted());
  active.say(submitted());
  assert.deepEqual(interaction.messages(), ["2 submitted"]);
  assert.ok(eventsAt(management).includes("8 port.active 11"));
});
