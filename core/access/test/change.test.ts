import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type AccessDocument, accessDigest, applyChange, decodeAccessChange, decodeAccessDocument, encodeAccessChange, encodeAccessDocument } from "../src/index.ts";
import { documentOf, FIRST, HOUSE, orderOf, publicKeyOf, sha256, verifySignature } from "./support.ts";

const powers = { sha256, verify: verifySignature };
const NEXT: AccessDocument = { ...FIRST, version: 1, policy: "forbid (principal, action, resource);" };
const propose = (operator: string, document = NEXT): string => orderOf({ operator, action: "proposeAccess", resource: "", argument: encodeAccessDocument(document) });
const approve = (operator: string, document = NEXT): string => orderOf({ operator, action: "approveAccess", resource: "", argument: accessDigest(sha256, document) });
const outcome = (orders: readonly string[], document = NEXT, before = FIRST): string => {
  const applied = applyChange(powers, HOUSE, before, { document: encodeAccessDocument(document), orders });
  return applied.ok ? `version ${String(applied.value.version)}` : applied.failure.code;
};

test("two officers change the document, whoever proposes", () => {
  assert.equal(outcome([propose("olga"), approve("otto")]), "version 1");
  assert.equal(outcome([propose("olga"), propose("otto")]), "version 1");
  assert.equal(outcome([propose("olga"), approve("otto"), approve("oda")]), "version 1");
});

test("one officer is not enough, also when he signs twice", () => {
  assert.equal(outcome([propose("olga")]), "access.change.few");
  assert.equal(outcome([propose("olga"), approve("olga")]), "access.change.few");
  assert.equal(outcome([]), "access.change.few");
});

test("nobody who is no officer, and no signature for another document, counts", () => {
  assert.equal(outcome([propose("olga"), approve("ann")]), "access.change.officer");
  assert.equal(outcome([propose("olga"), approve("otto", { ...NEXT, policy: "permit (principal, action, resource);" })]), "access.change.other");
  assert.equal(outcome([propose("olga"), orderOf({ operator: "otto", action: "rotateKey", argument: accessDigest(sha256, NEXT) })]), "access.change.other");
  assert.equal(outcome([propose("olga"), orderOf({ operator: "otto", house: "demo-gateway-b", action: "approveAccess", argument: accessDigest(sha256, NEXT) })]), "access.order.house");
});

test("a change follows the version in force, so an old one can not be applied again", () => {
  const second = { ...NEXT, version: 2 };
  assert.equal(outcome([propose("olga", second), approve("otto", second)], second), "access.change.version");
  assert.equal(outcome([propose("olga", second), approve("otto", second)], second, NEXT), "version 2");
  assert.equal(outcome([propose("olga"), approve("otto")], NEXT, NEXT), "access.change.version");
});

test("officers who were removed do not change the next document", () => {
  const without = documentOf({ otto: "security-officer", oda: "security-officer" }, { version: 1 });
  assert.equal(outcome([propose("olga", without), approve("otto", without)], without), "version 1");
  const next = { ...without, version: 2 };
  assert.equal(outcome([propose("olga", next), approve("otto", next)], next, without), "access.order.stranger");
});

test("a document that leaves fewer than two officers, or gives one key two names, is no document", () => {
  const few = documentOf({ olga: "security-officer", ann: "operator" }, { version: 1 });
  assert.equal(outcome([propose("olga", few), approve("otto", few)], few), "access.document.officers");
  const twice = { ...NEXT, operators: [...NEXT.operators, { name: "olga-2", publicKey: publicKeyOf("olga"), roles: ["security-officer" as const], chains: [], expiresMs: null }] };
  assert.equal(outcome([propose("olga", twice), approve("otto", twice)], twice), "access.document.malformed");
});

test("a document has one text: anything else is refused, and nothing makes its reader throw", () => {
  const text = encodeAccessDocument(FIRST);
  assert.deepEqual(decodeAccessDocument(text), { ok: true, value: FIRST });
  for (const other of [` ${text}`, text.replace("{", '{"x":1,'), text.replace('"version":0', '"version":-1'), text.replace('"version":0', '"version":0.5'), text.replace('"auditor"', '"root"'), text.replace("[]", '["../x"]'), text.replace('"version"', '"__proto__":{},"version"')]) {
    assert.equal(decodeAccessDocument(other).ok, false, other.slice(0, 60));
  }
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (any) => {
    assert.equal(decodeAccessDocument(any).ok, false);
    decodeAccessChange(any);
  }));
});

test("a kept change comes back as it was written", () => {
  const change = { document: encodeAccessDocument(NEXT), orders: [propose("olga"), approve("otto")] };
  assert.deepEqual(decodeAccessChange(encodeAccessChange(change)), change);
  assert.equal(decodeAccessChange('{"document":"","orders":[1]}'), null);
});
