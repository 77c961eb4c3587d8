import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";

import { type AccessDocument, accessDigest, encodeAccessDocument, encodeOrder, encodeSignedOrder, orderSigningBytes, profilesDigest } from "@crossguardian/access";
import { CodedError, decodeKeySlot, toHex, utf8 } from "@crossguardian/kernel";
import { askHouse, type AuditPlace, auditRecords, awaitSettled, judgeWorld, keyAgesOf, operatorKeyPath, type OrderAnswer, orderHouse, readAudit, sendAssets, sendRetrievals, type Sent, verifyAudit, type World } from "@crossguardian/world";

import { filesWith } from "./support/find-bytes.ts";
import { missingPart, startTestWorld, until } from "./support/with-world.ts";

const HOUSE = "gateway-a";
const SETTLE_MS = 90_000;
const CANARY = `canary-${randomBytes(12).toString("hex")}`;

let world: World;
let end: () => Promise<void> = async () => undefined;

const houseOf = () => world.houses.get(HOUSE)!;
const placeOf = (): AuditPlace => ({ house: HOUSE, instance: houseOf().spec.instance, dataDir: houseOf().spec.dataDir, worldDir: world.terms.dataDir });
const keyOf = (name: string): Uint8Array => new Uint8Array(readFileSync(operatorKeyPath(world.terms.dataDir, name)));
const give = (operator: string, action: string, more: { resource?: string; argument?: string; reason?: string; key?: Uint8Array } = {}): Promise<OrderAnswer> =>
  orderHouse(world, houseOf(), { operator, action, reason: "test", ...more });
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(() => "done", (error: unknown) => {
    if (error instanceof CodedError) return error.code;
    throw error;
  });
const verify = async () => verifyAudit(world.crypto, await readAudit(world.crypto, placeOf()), []);
const domain = async (name: string) => (await houseOf().domains()).find((each) => each.name === name);
const auditFolder = (): string => join(houseOf().spec.dataDir, "volumes", "management", "audit");

describe("access, keys and audit of a running gateway", { skip: missingPart, timeout: 400_000 }, () => {
  before(async () => {
    ({ world, end } = await startTestWorld());
  });
  after(async () => end());

  test("an operator's order is done and recorded; without the role, the key, or a second time, nothing is done", async () => {
    const text = encodeOrder({ house: houseOf().spec.instance, operator: "operator", action: "limit", resource: "witness-a-1", argument: "", reason: "test", atMs: Date.now(), nonce: toHex(randomBytes(16)) });
    const order = encodeSignedOrder({ text, signature: toHex(world.crypto.ed25519.sign(orderSigningBytes(text), keyOf("operator"))) });
    const first = JSON.parse((await askHouse<{ answer: string }>(houseOf().spec.runDir, { cmd: "order", order })).answer) as { allowed?: boolean };
    const second = JSON.parse((await askHouse<{ answer: string }>(houseOf().spec.runDir, { cmd: "order", order })).answer) as { failure?: { code: string } };
    assert.equal(first.allowed, true);
    assert.equal(second.failure?.code, "access.order.replayed");
    assert.equal(await codeOf(give("operator", "release", { resource: "witness-a-1" })), "done");
    assert.equal(await codeOf(give("viewer", "freeze", { resource: "witness-a-1" })), "access.order.denied");
    assert.equal(await codeOf(give("operator", "freeze", { resource: "witness-a-1", reason: "" })), "access.order.denied");
    assert.equal(await codeOf(give("operator", "freeze", { resource: "witness-a-1", key: keyOf("viewer") })), "access.order.signature");
    assert.equal(await codeOf(give("operator", "readAudit")), "access.order.denied");
    const said = auditRecords(await readAudit(world.crypto, placeOf())).map(({ who, action, decision }) => `${who} ${action} ${decision}`);
    for (const wanted of ["operator limit allow", "operator limit done", "viewer freeze deny", "operator freeze deny", "operator readAudit deny"]) assert.ok(said.includes(wanted), wanted);
  });

  test("the signed security profiles are in force, stand in the audit log, and every root key has its lifetime", async () => {
    const recorded = auditRecords(await readAudit(world.crypto, placeOf())).find(({ event }) => event === "profiles.inForce");
    const { profiles } = world.terms;
    assert.ok(profiles !== null);
    assert.deepEqual([recorded?.facts?.["version"], recorded?.facts?.["digest"]], [profiles.document.version, profilesDigest(world.crypto.sha256, profiles.document)]);
    const ages = keyAgesOf(houseOf().spec, Date.now());
    assert.ok(ages.some((age) => age.domain === "interaction"));
    assert.deepEqual(ages.filter(({ lifetimeDays, ageMs }) => ageMs > lifetimeDays * 86_400_000), []);
  });

  test("operators and rules are changed by two officers, and a management that is killed knows them afterwards", async () => {
    const { result } = await give("viewer", "showAccess");
    const { document } = result as { document: AccessDocument };
    const seed = new Uint8Array(randomBytes(32));
    const publicKey = toHex(world.crypto.ed25519.keyPair(seed).publicKey);
    const next: AccessDocument = { ...document, version: document.version + 1, operators: [...document.operators, { name: "nina", publicKey, roles: ["operator"], chains: ["A"], expiresMs: null }] };
    assert.deepEqual(((await give("officer-1", "proposeAccess", { argument: encodeAccessDocument(next) })).result as { applied: boolean }).applied, false);
    assert.equal(await codeOf(give("nina", "limit", { resource: "witness-a-1", key: seed })), "access.order.stranger");
    const digest = accessDigest(world.crypto.sha256, next);
    assert.equal(((await give("officer-1", "approveAccess", { argument: digest })).result as { applied: boolean }).applied, false);
    assert.equal(((await give("officer-2", "approveAccess", { argument: digest })).result as { applied: boolean }).applied, true);
    const { pid = 0 } = (await domain("management")) ?? {};
    process.kill(pid ?? 0, "SIGKILL");
    await until("management to take orders again", 60_000, async () => (await codeOf(give("nina", "limit", { resource: "witness-a-1", key: seed }))) === "done");
    assert.equal(await codeOf(give("nina", "release", { resource: "witness-a-1", key: seed })), "done");
    assert.equal((await verify()).failure, null);
  });

  test("no key and no private body stands in the clear on the disk, in a log, in an environment or an argument", async () => {
    const sent: Sent[] = [];
    await sendAssets(world, 2, (each) => void sent.push(each));
    const retrievals = await sendRetrievals(world, (each) => void sent.push(each), [CANARY]);
    await awaitSettled(world, sent, 2 + retrievals, SETTLE_MS, () => undefined);
    const { complaints, lost, duplicated } = await judgeWorld(world);
    assert.deepEqual([complaints, lost, duplicated], [[], 0, 0]);
    const keys = join(world.terms.dataDir, "keys");
    const roots = readdirSync(keys, { recursive: true }).map(String).filter((name) => name.endsWith(".key"));
    const needles = new Map<string, Uint8Array>([["private body", utf8(CANARY)], ["private body in hexadecimal", utf8(toHex(utf8(CANARY)))]]);
    for (const name of roots) {
      const { key } = decodeKeySlot(new Uint8Array(readFileSync(join(keys, name))));
      needles.set(name, key).set(`${name} in hexadecimal`, utf8(toHex(key))).set(`${name} in base64`, utf8(Buffer.from(key).toString("base64")));
    }
    const folders = [world.terms.dataDir, world.terms.runDir];
    assert.deepEqual(filesWith(folders, needles, (path) => path.startsWith(keys)), []);
    // The search finds what is there.
    assert.ok(filesWith([keys], needles, () => false).length >= roots.length);
    for (const house of world.houses.values()) {
      for (const { name, pid } of await house.domains()) {
        for (const file of ["environ", "cmdline"]) {
          const bytes = readFileSync(`/proc/${String(pid)}/${file}`);
          assert.deepEqual([...needles].filter(([, needle]) => bytes.indexOf(needle) !== -1).map(([what]) => `${what} in ${file} of ${name}`), []);
        }
        assert.equal(readFileSync(`/proc/${String(pid)}/coredump_filter`, "utf8").trim(), "00000000");
      }
    }
  });

  test("a rotated key is used from the next orderly start, and the old one is refused when it is put back", async () => {
    const slot = world.slots.pathOf("plugin-a");
    const old = readFileSync(slot);
    assert.equal(await codeOf(give("operator", "rotateKey", { resource: "plugin-a" })), "access.order.denied");
    assert.deepEqual((await give("officer-1", "rotateKey", { resource: "plugin-a" })).result, { domain: "plugin-a", keyEpoch: "2" });
    assert.deepEqual(readFileSync(slot), old);
    assert.equal(await codeOf(give("operator", "restart", { resource: "plugin-a" })), "done");
    await until("the plugin to run with the new key", 60_000, async () => decodeKeySlot(new Uint8Array(readFileSync(slot))).epoch === 2n && (await domain("plugin-a"))?.admitted === true);
    const rotated = readFileSync(slot);
    assert.notDeepEqual(rotated.subarray(8), old);
    writeFileSync(slot, old);
    const { pid = 0 } = (await domain("plugin-a")) ?? {};
    process.kill(pid ?? 0, "SIGKILL");
    const events = join(world.terms.runDir, HOUSE, "events.jsonl");
    await until("the start with the old key to be refused", 60_000, async () => readFileSync(events, "utf8").includes("launch.key.epoch"));
    writeFileSync(slot, rotated);
    await until("the plugin to run again", 90_000, async () => (await domain("plugin-a"))?.admitted === true);
  });

  test("a log that is edited, cut, reordered or put back on the disk is found out, and takes no order until it is mended; the gateway goes on", async () => {
    assert.equal((await verify()).failure, null);
    const early = { log: readFileSync(join(auditFolder(), "log.jsonl"), "utf8"), checkpoint: readFileSync(join(auditFolder(), "checkpoint"), "utf8") };
    assert.equal(await codeOf(give("auditor", "readAudit")), "done");
    const now = { log: readFileSync(join(auditFolder(), "log.jsonl"), "utf8"), checkpoint: readFileSync(join(auditFolder(), "checkpoint"), "utf8") };
    const put = ({ log, checkpoint }: typeof now): void => {
      writeFileSync(join(auditFolder(), "log.jsonl"), log);
      writeFileSync(join(auditFolder(), "checkpoint"), checkpoint);
    };
    const lines = now.log.split("\n").slice(0, -1);
    const text = (of: readonly string[]): string => of.map((line) => `${line}\n`).join("");
    const changes = [
      ["audit.log.edited", { ...now, log: now.log.replace('"viewer"', '"nobody"') }],
      ["audit.log.edited", { ...now, log: text(lines.with(0, lines[1]!).with(1, lines[0]!)) }],
      ["audit.log.truncated", { ...now, log: text(lines.slice(0, -1)) }],
      ["audit.log.unsigned", { ...now, log: text([...lines, lines[0]!]) }],
      ["audit.log.rolledBack", early],
    ] as const;
    for (const [code, change] of changes) {
      put(change);
      assert.equal((await verify()).failure?.code, code);
    }
    const restartManagement = async (wanted: string): Promise<void> => {
      const { pid = 0 } = (await domain("management")) ?? {};
      process.kill(pid ?? 0, "SIGKILL");
      await until(`management to answer ${wanted}`, 60_000, async () => (await codeOf(give("auditor", "readAudit"))) === wanted);
    };
    await restartManagement("access.order.closed");
    put(now);
    await restartManagement("done");
    assert.equal((await verify()).failure, null);
  });
});
