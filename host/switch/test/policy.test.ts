import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CodedError } from "@crossguardian/kernel";
import { MESSAGES, type MessageName } from "@crossguardian/wire";
import { makePolicy, parsePolicy, PORT_KINDS } from "../src/index.ts";
import { FLOW_SIDES, type FlowSide } from "../src/port-kinds.ts";

const textOf = (name: string): string => readFileSync(new URL(`../policy/${name}.flow`, import.meta.url), "utf8");
const NAMES = Object.keys(MESSAGES) as MessageName[];

const STREAM = ["close", "credit", "data", "open"];
const UP = ["controlAnswer", "heartbeat", "hello", "logLine"];
const DOWN = ["control", "start"];
const NEWS = ["credit", "portEvent"];

/** Every flow there is; a pair that is not here must be unreachable. */
const TO_AND_FROM_MANAGEMENT = Object.fromEntries(
  PORT_KINDS.flatMap((kind) => [
    [`${kind} management`, UP],
    [`management ${kind}`, DOWN],
    [`switch ${kind}`, NEWS],
  ]),
);
const EVERYWHERE = {
  ...TO_AND_FROM_MANAGEMENT,
  "management management": [...UP, ...DOWN],
  "management switch": ["admit", "promote"],
  "switch management": [...UP, ...NEWS, "portCounters", "cutOff"],
  "switch switch": NEWS,
};
const FLOWS: Record<string, Record<string, readonly string[]>> = {
  gateway: {
    ...EVERYWHERE,
    "plugin interaction": ["decided", "observed", "privateBody", "submitted"],
    "interaction plugin": ["privateBodyTaken", "query", "scan", "submit"],
    "module interaction": ["decided", "privateBody", "submitted"],
    "interaction module": ["privateBodyTaken", "query", "submit"],
    "module network": STREAM,
    "network module": STREAM,
    "witness interaction": ["headerReport"],
    "interaction witness": ["wantHeaders"],
    "interaction relay": ["publish", "wantBlocks"],
    "relay interaction": ["block", "publishAck"],
    "plugin network": STREAM,
    "network plugin": STREAM,
    "witness network": STREAM,
    "network witness": STREAM,
    "relay network": STREAM,
    "network relay": STREAM,
  },
  // There are no standbys in the relay chain's house.
  relay: {
    ...EVERYWHERE,
    "management switch": ["admit"],
    "validator network": STREAM,
    "network validator": STREAM,
    "signer network": STREAM,
    "network signer": STREAM,
  },
};

const sorted = (names: readonly string[]): string[] => [...names].sort();

for (const [name, flows] of Object.entries(FLOWS)) {
  test(`of all pairs and messages, ${name}.flow lets exactly the listed ones pass`, () => {
    const policy = makePolicy(textOf(name));
    for (const from of FLOW_SIDES) {
      for (const to of FLOW_SIDES) {
        const passing = NAMES.filter((each) => policy.allows(from, to, MESSAGES[each].number));
        assert.deepEqual(sorted(passing), sorted(flows[`${from} ${to}`] ?? []), `${from} to ${to}`);
      }
    }
  });
}

test("no two application chains, and no chain and the relay, can reach each other in one step", () => {
  const policy = makePolicy(textOf("gateway"));
  const separate: readonly [FlowSide, FlowSide][] = [
    ["plugin", "plugin"],
    ["plugin", "relay"],
    ["plugin", "witness"],
    ["module", "module"],
    ["module", "plugin"],
    ["module", "witness"],
    ["module", "relay"],
    ["witness", "witness"],
    ["witness", "relay"],
    ["interaction", "network"],
  ];
  for (const [one, other] of separate) assert.equal(policy.areRelated(one, other), false, `${one} and ${other}`);
});

test("every line of the policies gives its reason", () => {
  for (const name of Object.keys(FLOWS)) {
    for (const { reason, number } of parsePolicy(textOf(name)).rules) assert.ok(reason.length >= 7, `${name} ${number}`);
  }
});

const LIMITS = PORT_KINDS.map((kind) => `limit ${kind} 10 1000 # test`).join("\n");
const END = `900 * * deny # default\n${LIMITS}`;

test("the first line that matches decides", () => {
  const policy = makePolicy(`10 plugin relay deny # no\n20 plugin relay publish # too late\n${END}`);
  assert.equal(policy.allows("plugin", "relay", MESSAGES.publish.number), false);
  const other = makePolicy(`10 plugin relay publish # yes\n20 plugin relay deny # rest\n${END}`);
  assert.equal(other.allows("plugin", "relay", MESSAGES.publish.number), true);
});

const FAULTS: readonly [string, string, string][] = [
  ["an unknown kind of port", `10 plugn relay publish # x\n${END}`, "switch.policy.kind"],
  ["an unknown message", `10 plugin relay publsh # x\n${END}`, "switch.policy.message"],
  ["a line without a reason", `10 plugin relay publish\n${END}`, "switch.policy.reason"],
  ["numbers that do not ascend", `10 plugin relay publish # x\n10 relay plugin block # x\n${END}`, "switch.policy.order"],
  ["a missing word", `10 plugin relay # x\n${END}`, "switch.policy.syntax"],
  ["a word too many", `10 plugin relay publish block # x\n${END}`, "switch.policy.syntax"],
  ["a number that is none", `1x plugin relay publish # x\n${END}`, "switch.policy.syntax"],
  ["no deny at the end", `10 plugin relay publish # x\n${LIMITS}`, "switch.policy.open"],
  ["a line after the deny", `900 * * deny # x\n910 plugin relay publish # x\n${LIMITS}`, "switch.policy.open"],
  ["an empty file", "", "switch.policy.open"],
  ["a missing limit", "900 * * deny # x", "switch.policy.limit"],
  ["a limit given twice", `${END}\nlimit plugin 1 1 # x`, "switch.policy.limit"],
  ["a limit of zero", `limit plugin 0 1 # x\n${END}`, "switch.policy.syntax"],
];
for (const [what, text, code] of FAULTS) {
  test(`a policy with ${what} stops the start`, () => {
    assert.throws(() => makePolicy(text), (error) => error instanceof CodedError && error.code === code);
  });
}
