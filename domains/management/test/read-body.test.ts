import assert from "node:assert/strict";
import { test } from "node:test";
import { failure } from "@crossguardian/kernel";
import { serveReadBody } from "../src/access/read-body.ts";
import { type Outcome } from "../src/questions.ts";
import { makeWatched, type Watched } from "../src/watched.ts";
import { makeAccessHouse } from "./support/access-house.ts";

const QUESTION = JSON.stringify({ from: "1356:A:data-1", to: "1356:C:data-1", index: "3", type: "0", suite: "aes-256-gcm", receiver: "aa" });

const domain = (name: string, kind: string, port: number): Watched => {
  const watched = makeWatched({ name, kind, chain: null, port, standbyOf: null, role: "", network: "none", jailed: true, isolation: "oci", cpuQuotaPercent: null, keyLifetimeDays: null, allocation: {}, config: new Uint8Array() });
  watched.phase = "admitted";
  return watched;
};

const setUp = (outcome: Outcome = { ok: true, answer: '{"id":"x","sealed":"beef"}' }) => {
  const house = makeAccessHouse();
  const asked: { readonly port: number; readonly message: unknown; readonly recorded: number }[] = [];
  const channel = { send: (port: number, _name: string, message: unknown) => asked.push({ port, message, recorded: house.records.length }) > 0 };
  const all = new Map([domain("interaction", "interaction", 1), domain("plugin-a", "plugin", 2)].map((each) => [each.domain.name, each]));
  serveReadBody(house.desk, { all, channel: channel as never, questions: { open: (_domain, _command, settle) => settle(outcome) } }); // of the channel `send` alone is used
  return { ...house, asked, all };
};
const read = ({ give }: Pick<ReturnType<typeof setUp>, "give">, who: string, more: { readonly resource?: string; readonly argument?: string; readonly reason?: string } = {}) =>
  give(who, "readBody", more.resource ?? "interaction", { argument: more.argument ?? QUESTION, reason: more.reason ?? "dispute 4711" });

test("a security officer reads a body: who, which and why are on record before the domain is asked, and the key is not", async () => {
  const house = setUp();
  assert.deepEqual((await read(house, "olga")).result, { id: "x", sealed: "beef" });
  const [question] = house.asked;
  assert.deepEqual([question?.port, question?.message], [1, { command: "readBody", argument: QUESTION }]);
  const records = house.records.map(({ event, who, action, decision, why, facts }) => ({ event, who, action, decision, why, facts }));
  const body = records.findIndex(({ event }) => event === "body.read");
  assert.deepEqual(records[body], { event: "body.read", who: "olga", action: "readBody", decision: "allow", why: "dispute 4711", facts: { from: "1356:A:data-1", to: "1356:C:data-1", index: "3", type: "0" } });
  assert.ok(body < Number(question?.recorded));
  assert.deepEqual(records.map(({ event }) => event), ["access.decided", "body.read", "order.done"]);
  assert.ok(!JSON.stringify(records).includes("beef"));
});

test("no other role reads a body, nor an officer without a reason, and no domain is asked", async () => {
  const house = setUp();
  for (const who of ["vera", "ann", "al", "both"]) assert.equal((await read(house, who)).failure?.code, "access.order.denied", who);
  assert.equal((await read(house, "olga", { reason: "" })).failure?.code, "access.order.denied");
  assert.deepEqual(house.asked, []);
  assert.deepEqual(house.records.filter(({ event }) => event === "body.read"), []);
});

test("another domain's key, an absent domain and a question that says nothing are refused; while nothing can be recorded nobody reads", async () => {
  const house = setUp();
  assert.equal((await read(house, "olga", { resource: "plugin-a" })).failure?.code, "management.body.domain");
  for (const argument of ["{}", "null", JSON.stringify({ from: "a", to: "b", index: 3, type: "0" }), JSON.stringify({ from: "a".repeat(2_000), to: "b", index: "3", type: "0" })]) {
    assert.equal((await read(house, "olga", { argument })).failure?.code, "management.body.question", argument.slice(0, 30));
  }
  house.all.get("interaction")!.phase = "waiting";
  assert.equal((await read(house, "olga")).failure?.code, "management.body.domain");
  house.all.get("interaction")!.phase = "admitted";
  house.close(failure("audit.log.edited"));
  assert.equal((await read(house, "olga")).failure?.code, "access.order.closed");
  assert.deepEqual(house.asked, []);
});

test("what the domain refuses reaches the officer by its code, and what is no answer does not", async () => {
  assert.equal((await read(setUp({ ok: true, answer: '{"failure":"interaction.body.epoch"}' }), "olga")).failure?.code, "interaction.body.epoch");
  assert.equal((await read(setUp({ ok: true, answer: '{"failure":"made up"}' }), "olga")).failure?.code, "management.answer.malformed");
  assert.equal((await read(setUp({ ok: false, code: "management.answer.late" }), "olga")).failure?.code, "management.answer.late");
});
