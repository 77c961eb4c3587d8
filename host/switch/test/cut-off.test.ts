import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { decodeMessage, type Message, MESSAGES } from "@crossguardian/wire";
import { ADMIT } from "../src/index.ts";
import { makePolicy } from "../src/policy/make-policy.ts";
import { benchOfPorts, type FarEnd, frameOf } from "./ports-in-memory.ts";

const GATEWAY = readFileSync(new URL("../policy/gateway.flow", import.meta.url), "utf8");
const [MANAGEMENT, PLUGIN, STANDBY, RELAY, INTERACTION] = [0, 2, 8, 6, 5];
const ANSWERS = makePolicy(GATEWAY).answersOf("plugin") ?? assert.fail();
const observed = frameOf(INTERACTION, "observed", { chain: "A", from: 1n, to: 1n, blocks: [] });
const scan = frameOf(PLUGIN, "scan", { chain: "A", from: 1n, grants: 1, restart: false });
const forbidden = frameOf(RELAY, "observed", { chain: "A", from: 1n, to: 1n, blocks: [] });
const many = (frame: Uint8Array, count: number): Uint8Array => Buffer.concat(Array.from({ length: count }, () => frame));

const cutsAt = (end: FarEnd): Message<"cutOff">[] =>
  end.got.flatMap(({ from, name, payload }) => {
    if (from !== 255 || name !== "cutOff") return [];
    const cut = decodeMessage(MESSAGES.cutOff.codec, payload);
    assert.ok(cut.ok);
    return [cut.value];
  });
const causesAt = (end: FarEnd): string[] => cutsAt(end).map(({ port, cause }) => `${port} ${cause}`);

/** 2 a plugin in instance 10, 5 interaction, 6 relay, and 8, a standby in instance 11, where it is asked for; all admitted. */
const house = ({ hasStandby = true, cutsOff = true } = {}) => {
  const bench = benchOfPorts(GATEWAY, cutsOff);
  const management = bench.attach(MANAGEMENT, "management");
  const interaction = bench.attach(INTERACTION, "interaction", null, 1n);
  const relay = bench.attach(RELAY, "relay", null, 1n);
  const plugin = bench.attach(PLUGIN, "plugin", "A", 10n);
  const standby = hasStandby ? bench.attach(STANDBY, "plugin", "A", 11n, { role: PLUGIN, isFirst: false }) : null;
  const admit = (port: number, epoch: bigint, open: number = ADMIT.open): void => management.say(frameOf(255, "admit", { port, open, epoch }));
  for (const port of [INTERACTION, RELAY]) admit(port, 1n);
  admit(PLUGIN, 10n);
  if (hasStandby) admit(STANDBY, 11n);
  return { ...bench, management, interaction, relay, plugin, standby, admit };
};

describe("a port that breaks a rule", () => {
  test("is closed within the event that shows it: not one frame after the forbidden one arrives, and its standby has its place", () => {
    const { plugin, standby, interaction, relay, management, activations } = house();
    plugin.say(Buffer.concat([observed, forbidden, observed]));
    plugin.say(observed);
    assert.deepEqual([interaction.messages(), relay.messages()], [[], []]);
    assert.deepEqual(causesAt(management), ["2 switch.flow.denied"]);
    assert.deepEqual(activations.at(-1), { number: STANDBY, role: PLUGIN, epoch: 11n, instead: PLUGIN, why: "cut", atMs: 0 });
    standby?.say(observed);
    assert.deepEqual(interaction.messages(), ["2 observed"]);
  });

  test("is reported to management before its standby's promotion is, with what had passed before", () => {
    const { plugin, interaction, management } = house();
    plugin.say(many(observed, 3));
    const before = interaction.messages().length;
    management.got.length = 0;
    plugin.say(forbidden);
    const told = management.got.map(({ name, payload }) => {
      const event = name === "portEvent" ? decodeMessage(MESSAGES.portEvent.codec, payload) : null;
      return event?.ok === true ? event.value.event : name;
    });
    assert.deepEqual(told.filter((each) => each === "cutOff" || each === "port.active"), ["cutOff", "port.active"]);
    assert.deepEqual([before, cutsAt(management)[0]?.passed, cutsAt(management)[0]?.epoch], [3, 3n, 10n]);
  });

  test("stays closed for a management that does not know yet, which is told again, and opens by a release", () => {
    const { plugin, interaction, management, admit } = house({ hasStandby: false });
    plugin.say(forbidden);
    admit(PLUGIN, 10n);
    plugin.say(observed);
    assert.deepEqual([interaction.messages(), causesAt(management)], [[], ["2 switch.flow.denied", "2 switch.flow.denied"]]);
    admit(PLUGIN, 10n, ADMIT.release);
    assert.deepEqual(interaction.messages(), ["2 observed"]);
    plugin.say(forbidden);
    assert.equal(cutsAt(management).length, 3);
  });

  test("is closed while no management is there, and the next one hears of it when it admits the port", () => {
    const { plugin, interaction, management, attach } = house({ hasStandby: false });
    management.end();
    plugin.say(Buffer.concat([forbidden, observed]));
    assert.deepEqual(interaction.messages(), []);
    const next = attach(MANAGEMENT, "management");
    next.say(frameOf(255, "admit", { port: PLUGIN, open: ADMIT.open, epoch: 10n }));
    plugin.say(observed);
    assert.deepEqual([interaction.messages(), causesAt(next)], [[], ["2 switch.flow.denied"]]);
  });

  test("is only counted and told where nothing is to be done, and what was never asked for passes", () => {
    const { plugin, interaction, management, pass } = house({ cutsOff: false });
    plugin.say(Buffer.concat([forbidden, many(observed, ANSWERS.burst + 1)]));
    pass(100);
    assert.deepEqual([cutsAt(management), interaction.messages().length], [[], ANSWERS.burst + 1]);
    const told = management.got.flatMap(({ name, payload }) => (name === "portEvent" ? [decodeMessage(MESSAGES.portEvent.codec, payload)] : []));
    const events = told.map((event) => (event.ok ? event.value.event : ""));
    assert.ok(["switch.flow.denied", "switch.frames.unasked"].every((code) => events.includes(code)), events.join(" "));
  });
});

describe("frames that nobody asked for", () => {
  test("close the port at the first one over the burst", () => {
    const { plugin, interaction, management } = house();
    plugin.say(many(observed, ANSWERS.burst));
    assert.deepEqual([interaction.messages().length, causesAt(management)], [ANSWERS.burst, []]);
    plugin.say(observed);
    assert.deepEqual([interaction.messages().length, causesAt(management)], [ANSWERS.burst, ["2 switch.frames.unasked"]]);
  });

  test("are what is said beyond the answers to each question, however many there are", () => {
    const { plugin, interaction, management, pass } = house();
    for (let at = 0; at < 1_000; at += 1) {
      interaction.say(scan);
      plugin.say(many(observed, ANSWERS.perQuestion));
      pass(ANSWERS.perQuestion); // a frame a millisecond is within a plugin's rate
    }
    assert.deepEqual(causesAt(management), []);
    plugin.say(many(observed, ANSWERS.burst + 1));
    assert.deepEqual(causesAt(management), ["2 switch.frames.unasked"]);
  });

  test("are not the answers to many questions that come late and all at once", () => {
    const { plugin, interaction, management, pass } = house();
    const questions = ANSWERS.burst * 8;
    for (let at = 0; at < questions; at += 1) interaction.say(scan);
    pass(10_000);
    for (let at = 0; at < questions; at += ANSWERS.burst) plugin.say(many(observed, ANSWERS.burst));
    assert.deepEqual(causesAt(management), []);
  });

  test("are those beyond the burst again once a question is long past: answers that nobody needed are not saved up", () => {
    const { plugin, interaction, management, pass } = house();
    for (let at = 0; at < ANSWERS.burst; at += 1) interaction.say(scan);
    pass(600_000);
    plugin.say(many(observed, ANSWERS.burst));
    assert.deepEqual(causesAt(management), []);
    plugin.say(many(observed, 2));
    assert.deepEqual(causesAt(management), ["2 switch.frames.unasked"]);
  });

  test("are allowed at a steady rate, and saved up to the burst and no further", () => {
    const { plugin, management, pass } = house();
    for (let second = 0; second < 60; second += 1) {
      plugin.say(many(observed, ANSWERS.perSecond));
      pass(1_000);
    }
    pass(3_600_000);
    plugin.say(many(observed, ANSWERS.burst));
    assert.deepEqual(causesAt(management), []);
    plugin.say(many(observed, 2));
    assert.deepEqual(causesAt(management), ["2 switch.frames.unasked"]);
  });

  test("are not counted on the way to the network domain or to management", () => {
    const { plugin, management, attach, admit } = house();
    attach(1, "network", null, 1n);
    admit(1, 1n);
    for (let at = 0; at < 3; at += 1) {
      plugin.say(many(frameOf(1, "data", { stream: 1, piece: new Uint8Array(1) }), ANSWERS.burst));
      plugin.say(many(frameOf(MANAGEMENT, "heartbeat", { sequence: 1n, gauges: [] }), ANSWERS.burst));
    }
    assert.deepEqual(causesAt(management), []);
  });
});
