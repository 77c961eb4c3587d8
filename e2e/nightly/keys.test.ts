import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { CodedError, toHex, utf8 } from "@crossguardian/kernel";
import {
  auditKeyText, type AuditPlace, auditRecords, awaitThese, bodyQuestion, dataOf, findBody, judgeWorld, openBody, type OrderAnswer, orderHouse, readAudit, readSavedWorld, sendAssets, sendRetrievals, type Sent, verifyAudit, type World,
} from "@crossguardian/world";

import { filesWith } from "../test/support/find-bytes.ts";
import { readBlocks } from "../test/support/relay-blocks.ts";
import { absentTokenParts, makeSoftToken, type SoftToken } from "../test/support/soft-token.ts";
import { missingPart, startTestWorld, until } from "../test/support/with-world.ts";

const HOUSE = "gateway-a";
const SETTLE_MS = 120_000;
const CANARY = `canary-${randomBytes(12).toString("hex")}`;
const REQUEST = 1;
const skip = missingPart === false ? (absentTokenParts.length === 0 ? false : `needs Debian packages ${absentTokenParts.join(" ")}: tools/setup.sh token`) : missingPart;

let world: World;
let token: SoftToken | null = null;
let end: () => Promise<void> = async () => undefined;

const houseOf = (name = HOUSE) => world.houses.get(name)!;
const placeOf = (): AuditPlace => ({ house: HOUSE, instance: houseOf().spec.instance, dataDir: houseOf().spec.dataDir, worldDir: world.terms.dataDir });
const give = (operator: string, action: string, { house = HOUSE, ...more }: { house?: string; resource?: string; argument?: string; reason?: string } = {}): Promise<OrderAnswer> =>
  orderHouse(world, houseOf(house), { operator, action, reason: "test", ...more });
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(() => "done", (error: unknown) => {
    if (error instanceof CodedError) return error.code;
    throw error;
  });

describe("a gateway whose root keys a token wraps", { skip, timeout: 900_000 }, () => {
  before(async () => {
    token = makeSoftToken();
    ({ world, end } = await startTestWorld({ keyStore: { token: token.uri, makes: true } }));
  });
  after(async () => {
    await end();
    token?.remove();
  });

  test("settles what is sent, and neither a root key nor the token's PIN stands on the disk, in an environment or an argument", async () => {
    const sent: Sent[] = [];
    await sendAssets(world, 2, (each) => void sent.push(each));
    await sendRetrievals(world, (each) => void sent.push(each), [CANARY]);
    await awaitThese(world, sent, SETTLE_MS);
    const keys = join(world.terms.dataDir, "keys");
    const owners = readdirSync(keys).filter((name) => name.endsWith(".key")).map((name) => name.replace(/\.key$/u, ""));
    const pin = readFileSync(/pin-source=(.*)$/u.exec(token?.uri ?? "")?.[1] ?? "");
    const needles = new Map<string, Uint8Array>([["PIN", pin]]);
    for (const owner of owners) needles.set(owner, world.slots.rootOf(owner)).set(`${owner} in hexadecimal`, utf8(toHex(world.slots.rootOf(owner))));
    // Opened keys are lent in memory, which may be below the run directory.
    const isLent = (path: string): boolean => path.startsWith(world.terms.runDir) && path.includes("/keys/");
    assert.deepEqual(filesWith([world.terms.dataDir, world.terms.runDir], needles, isLent), []);
    for (const { pid } of await houseOf().domains()) {
      for (const file of ["environ", "cmdline"]) {
        const bytes = readFileSync(`/proc/${String(pid)}/${file}`);
        assert.deepEqual([...needles].filter(([, needle]) => bytes.includes(Buffer.from(needle))).map(([what]) => what), []);
      }
    }
  });

  test("an officer reads one private body by its id, on record; others, and a question without an order, get no key", async () => {
    const entries = (await Promise.all(world.topology.gateways.map(async ({ name }) => readBlocks(world, name)))).flat().flatMap((block) => block.entries);
    const request = entries.find(({ facts, body }) => facts.kind === REQUEST && body.length > 0 && facts.from === dataOf("A"))?.facts;
    assert.ok(request !== undefined);
    const id = `${request.from}-${request.to}-${request.index.toString()}`;
    const body = await findBody(readSavedWorld(world.terms.dataDir), id, "request");
    const once = new Uint8Array(randomBytes(32));
    const argument = bodyQuestion(body, world.crypto.x25519.publicKey(once));
    const { result } = await give("officer-1", "readBody", { resource: "interaction", argument, reason: "dispute 4711" });
    assert.ok(openBody(world.crypto, body, once, result).args.some((each) => Buffer.from(each).includes(CANARY)));
    for (const who of ["operator", "viewer", "auditor"]) assert.equal(await codeOf(give(who, "readBody", { resource: "interaction", argument })), "access.order.denied");
    const unasked = JSON.stringify(await houseOf().ask("interaction", "readBody", argument).catch(String));
    assert.ok(unasked.includes("access.order.needed") && !unasked.includes("sealed"), unasked);
    const record = auditRecords(await readAudit(world.crypto, placeOf())).findLast(({ event }) => event === "body.read");
    assert.deepEqual([record?.who, record?.why, record?.facts?.["from"], record?.facts?.["index"]], ["officer-1", "dispute 4711", request.from, request.index.toString()]);
    assert.deepEqual(filesWith([world.terms.dataDir, world.terms.runDir], new Map([["private body", utf8(CANARY)]]), () => false), []);
  });

  test("the orderer's key is rotated while transfers are on their way, and none is lost", async () => {
    const sent: Sent[] = [];
    const slot = world.slots.pathOf("orderer");
    await sendAssets(world, 3, (each) => void sent.push(each));
    assert.deepEqual((await give("officer-1", "rotateKey", { house: "relay", resource: "orderer" })).result, { domain: "orderer", keyEpoch: "2" });
    assert.equal(await codeOf(give("officer-1", "rotateKey", { house: "relay", resource: "validator-1" })), "management.key.kind");
    assert.equal(await codeOf(give("operator", "restart", { house: "relay", resource: "orderer" })), "done");
    await until("the orderer to run with the new key", SETTLE_MS, async () => !existsSync(`${slot}.next`) && (await houseOf("relay").domains()).some(({ name, admitted }) => name === "orderer" && admitted === true));
    await sendAssets(world, 3, (each) => void sent.push(each));
    await awaitThese(world, sent, SETTLE_MS);
    const { complaints, lost, duplicated } = await judgeWorld(world);
    assert.deepEqual([complaints, lost, duplicated], [[], 0, 0]);
    assert.equal(world.slots.epochOf("orderer"), 2n);
  });

  test("management's key is rotated, and again with management killed at once, while transfers are on their way; its log goes on, checked by each key, and old ones sign nothing more", async () => {
    const sent: Sent[] = [];
    const owner = `management-${HOUSE}`;
    const before = await readAudit(world.crypto, placeOf());
    const kept = join(world.terms.dataDir, "kept-checkpoint");
    writeFileSync(kept, before.note ?? "");
    const oldKey = auditKeyText(world.crypto, before.key);
    const pidOf = async (): Promise<number | null> => (await houseOf().domains()).find(({ name }) => name === "management")?.pid ?? null;
    await sendAssets(world, 3, (each) => void sent.push(each));
    assert.equal(await codeOf(give("operator", "rotateKey", { resource: "management" })), "access.order.denied");
    for (const [keyEpoch, isKilled] of [["2", false], ["3", true]] as const) {
      const pid = await pidOf();
      assert.deepEqual((await give("officer-1", "rotateKey", { resource: "management" })).result, { domain: "management", keyEpoch });
      if (isKilled) await houseOf().kill("management");
      await until("management to run with the new key", SETTLE_MS, async () => !existsSync(`${world.slots.pathOf(owner)}.next`) && ![null, pid].includes(await pidOf()));
      await until("management to take orders again", SETTLE_MS, async () => (await codeOf(give("operator", "restart", { resource: "interaction" }))) === "done");
      await sendAssets(world, 3, (each) => void sent.push(each));
    }
    assert.equal(world.slots.epochOf(owner), 3n);
    await awaitThese(world, sent, SETTLE_MS);
    const log = await readAudit(world.crypto, placeOf());
    assert.notEqual(auditKeyText(world.crypto, log.key), oldKey);
    for (const each of [log, await readAudit(world.crypto, placeOf(), oldKey)]) assert.equal(verifyAudit(world.crypto, each, [kept]).failure, null);
    assert.equal(verifyAudit(world.crypto, { ...log, key: before.key }, []).failure?.code, "audit.note.unsigned");
    const { complaints, lost, duplicated } = await judgeWorld(world);
    assert.deepEqual([complaints, lost, duplicated], [[], 0, 0]);
  });
});
