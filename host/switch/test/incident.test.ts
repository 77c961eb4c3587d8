import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeMessage, MESSAGES, messageName } from "@crossguardian/wire";
import { makePolicy } from "../src/index.ts";
import { FLOW_SIDES } from "../src/port-kinds.ts";
import { benchOfPorts, frameOf, type FarEnd } from "./ports-in-memory.ts";

const GATEWAY = readFileSync(new URL("../policy/gateway.flow", import.meta.url), "utf8");
const MIB = 1024 * 1024;

const gateway = () => {
  const bench = benchOfPorts(GATEWAY);
  const management = bench.attach(0, "management");
  const ends = { management, network: bench.attach(1, "network"), plugin: bench.attach(2, "plugin", "A"), interaction: bench.attach(5, "interaction") };
  for (const port of [1, 2, 5]) management.say(frameOf(255, "admit", { port, open: 1, epoch: 0n }));
  return { ...bench, ...ends };
};
const submitted = (to: number) => frameOf(to, "submitted", { chain: "A", id: 1n, outcome: 1, detail: "" });
const body = (to: number) => frameOf(to, "logLine", { level: 0, event: "x", facts: [] });
const data = (to: number, bytes: number) => frameOf(to, "data", { stream: 1, piece: new Uint8Array(bytes) });
const dataAt = (end: FarEnd): number => end.got.filter(({ name }) => name === "data").length;
const creditAt = (end: FarEnd, destination: number): number =>
  end.got.reduce((sum, { from, name, payload }) => {
    const credit = from === 255 && name === "credit" ? decodeMessage(MESSAGES.credit.codec, payload) : null;
    return credit?.ok === true && credit.value.stream === destination ? sum + credit.value.bytes : sum;
  }, 0);

test("in whitelist mode IBTP passes and everything else is refused and counted, until it is ended", () => {
  const { theSwitch, plugin, network, interaction, management } = gateway();
  const refused = (port: number) => theSwitch.stats().find(({ number }) => number === port)?.refused ?? {};
  theSwitch.setWhitelist(true);
  plugin.say(submitted(5));
  plugin.say(body(0));
  network.say(frameOf(2, "open", { stream: 1, endpoint: "bodies" }));
  plugin.say(frameOf(0, "heartbeat", { sequence: 1n, gauges: [] }));
  assert.deepEqual(interaction.messages(), ["2 submitted"]);
  assert.deepEqual(plugin.messages(), []);
  assert.deepEqual(management.messages(), ["2 heartbeat"]);
  assert.deepEqual([refused(2), refused(1)], [{ "switch.flow.whitelist": 1 }, { "switch.flow.whitelist": 1 }]);
  theSwitch.setWhitelist(false);
  plugin.say(body(0));
  assert.deepEqual(management.messages(), ["2 heartbeat", "2 logLine"]);
});

test("the whitelist lets through nothing that the flow policy does not, and no private body, log or connection from outside", () => {
  for (const file of ["gateway.flow", "relay.flow"]) {
    const policy = makePolicy(readFileSync(new URL(`../policy/${file}`, import.meta.url), "utf8"));
    const all = FLOW_SIDES.flatMap((from) => FLOW_SIDES.flatMap((to) => Object.values(MESSAGES).map(({ number }) => ({ from, to, number }))));
    for (const { from, to, number } of all) {
      if (!policy.isIbtp(from, to, number)) continue;
      assert.ok(policy.allows(from, to, number), `${from} ${to} ${messageName(number) ?? ""}`);
      assert.ok(!["privateBody", "privateBodyTaken", "logLine"].includes(messageName(number) ?? ""));
      assert.ok(from !== "network" || number !== MESSAGES.open.number);
    }
  }
  assert.throws(() => makePolicy(GATEWAY.replace("whitelist plugin interaction observed", "whitelist plugin relay observed")), { code: "switch.policy.whitelist" });
});

test("a port with a rate is read at that rate, and nothing of what it sends is lost", () => {
  const { theSwitch, plugin, network, pass } = gateway();
  theSwitch.setRate(2, { framesPerS: null, bytesPerS: MIB });
  const pieces = 96;
  for (let piece = 0; piece < pieces; piece += 1) plugin.say(data(1, 32 * 1024));
  const atOnce = dataAt(network);
  assert.ok(plugin.isPaused());
  assert.ok(atOnce >= 30 && atOnce <= 36, String(atOnce));
  pass(1_000);
  const afterOne = dataAt(network) - atOnce;
  assert.ok(afterOne >= 28 && afterOne <= 36, String(afterOne));
  pass(3_000);
  assert.equal(dataAt(network), pieces);
});

test("what goes to a port with a rate waits in the switch, its source gets credit as it is written, and control messages go first", () => {
  const { theSwitch, plugin, network, pass } = gateway();
  theSwitch.setRate(2, { framesPerS: 1_000, bytesPerS: MIB });
  const pieces = 96;
  for (let piece = 0; piece < pieces; piece += 1) network.say(data(2, 32 * 1024));
  const atOnce = dataAt(plugin);
  assert.ok(atOnce >= 30 && atOnce <= 36, String(atOnce));
  assert.ok(creditAt(network, 2) <= 2 * MIB);
  theSwitch.setRate(2, { framesPerS: 1_000, bytesPerS: MIB });
  pass(4_000);
  assert.equal(dataAt(plugin), pieces);
  assert.ok(creditAt(network, 2) >= 2.5 * MIB);
  theSwitch.setRate(2, null);
  for (let piece = 0; piece < pieces; piece += 1) network.say(data(2, 32 * 1024));
  assert.equal(dataAt(plugin), 2 * pieces);
});
