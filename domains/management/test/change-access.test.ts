import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type AccessChange, type AccessDocument, accessDigest, encodeAccessDocument } from "@crossguardian/access";
import { CodedError } from "@crossguardian/kernel";
import { loadVersions, makeCedarRules, openChangeFile, PROPOSAL_KEPT_MS, serveChanges } from "../src/index.ts";
import { first, makeAccessHouse, operatorOf, ruled } from "./support/access-house.ts";
import { crypto } from "./support/audit-disk.ts";

const powers = { sha256: crypto.sha256, verify: crypto.ed25519.verify };
const next: AccessDocument = { ...first, version: 1, operators: [...first.operators, operatorOf("nina", ["operator"])] };
const text = encodeAccessDocument(next);
const digest = accessDigest(crypto.sha256, next);

const setUp = () => {
  const house = makeAccessHouse();
  const kept: AccessChange[] = [];
  serveChanges(house.desk, {
    house: ruled.name, clock: house.clock, audit: house.audit, access: house.access, ...powers,
    keep: async (change) => void kept.push(change),
    officers: 2,
    checkDocument: (document) => {
      const rules = makeCedarRules(ruled, document);
      if (!rules.ok) throw new CodedError(rules.failure.code, rules.failure.facts);
    },
  });
  const propose = (who: string, argument = text) => house.give(who, "proposeAccess", "", { argument });
  const approve = (who: string, argument = digest) => house.give(who, "approveAccess", "", { argument, atMs: house.clock.wallMs() });
  return { ...house, kept, propose, approve };
};

test("a change is in force when a second officer has approved, and not before", async () => {
  const { propose, approve, access, kept, records, give } = setUp();
  assert.deepEqual((await propose("olga")).result, { applied: false, digest, version: 1, officers: ["olga"] });
  assert.equal((await give("nina", "showAccess", "")).failure?.code, "access.order.stranger");
  assert.equal(access.document().version, 0);
  assert.deepEqual((await approve("otto")).result, { applied: true, digest, version: 1, officers: ["olga", "otto"] });
  assert.equal(access.document().version, 1);
  assert.ok((await give("nina", "showAccess", "")).result);
  assert.equal(kept.length, 1);
  assert.ok(records.some(({ event, who, facts }) => event === "access.changed" && who === "olga otto" && facts?.["digest"] === digest));
});

test("one person can not do it alone, and neither can operators, viewers or auditors", async () => {
  const { propose, approve, access } = setUp();
  await propose("olga");
  assert.deepEqual((await approve("olga")).result, { applied: false, digest, version: 1, officers: ["olga"] });
  for (const who of ["ann", "vera", "al", "both"]) {
    assert.equal((await approve(who)).failure?.code, "access.order.denied");
    assert.equal((await propose(who)).failure?.code, "access.order.denied");
  }
  assert.equal(access.document().version, 0);
});

test("a stricter policy is obeyed too: with three officers asked for, two are not enough", async () => {
  const { access, propose, approve } = setUp();
  const strict = { ...first, policy: first.policy.replace("context.approvals >= 2", "context.approvals >= 3") };
  access.replace(strict);
  await propose("olga");
  assert.equal(((await approve("otto")).result as { applied: boolean }).applied, false);
  assert.equal(access.document().version, 0);
});

test("a policy that asks for one officer only still needs two", async () => {
  const { access, propose } = setUp();
  access.replace({ ...first, policy: first.policy.replace("context.approvals >= 2", "context.approvals >= 1") });
  assert.equal(((await propose("olga")).result as { applied: boolean }).applied, false);
  assert.equal(access.document().version, 0);
});

test("a bad document, a bad policy or another version is refused when it is proposed", async () => {
  const { propose } = setUp();
  assert.equal((await propose("olga", "{}")).failure?.code, "access.document.malformed");
  assert.equal((await propose("olga", encodeAccessDocument({ ...next, policy: "permit" }))).failure?.code, "access.policy.invalid");
  assert.equal((await propose("olga", encodeAccessDocument({ ...next, version: 2 }))).failure?.code, "access.change.version");
});

test("an approval for what nobody proposed, or proposed too long ago, is refused", async () => {
  const { propose, approve, moveTo } = setUp();
  assert.equal((await approve("otto")).failure?.code, "access.change.unknown");
  await propose("olga");
  moveTo(PROPOSAL_KEPT_MS + 2_000);
  assert.equal((await approve("otto")).failure?.code, "access.change.unknown");
});

test("kept changes are checked again at each start: what was edited, put in, or taken away stops it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cg-access-"));
  const path = join(folder, "access.jsonl");
  try {
    const { propose, approve, kept } = setUp();
    await propose("olga");
    await approve("otto");
    const file = await openChangeFile(path);
    await file.keep(kept[0]!);
    const load = async (recorded = 1) => loadVersions(powers, ruled.name, encodeAccessDocument(first), (await openChangeFile(path)).changes, recorded).inForce;
    assert.equal((await load()).version, 1);
    const whole = readFileSync(path, "utf8");
    const fails = async (content: string, code: string): Promise<void> => {
      writeFileSync(path, content);
      await assert.rejects(async () => load(), (error) => error instanceof CodedError && error.code === code, code);
    };
    await fails(whole.replace("nina", "anna"), "access.change.stored");
    await fails(whole + whole, "access.change.stored");
    await fails(JSON.stringify({ ...kept[0], orders: kept[0]!.orders.slice(0, 1) }), "access.change.stored");
    await fails("{", "access.change.stored");
    await fails("", "access.change.rolledBack");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
