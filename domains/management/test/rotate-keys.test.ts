import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, CodedError } from "@crossguardian/kernel";
import { KEYED_DEADLINE_MS, OWN_RESTART_MS, serveRotation } from "../src/access/rotate-keys.ts";
import { makeWatched, type Watched } from "../src/watched.ts";
import { makeAccessHouse } from "./support/access-house.ts";

const domain = (name: string, kind: string, port: number): Watched => {
  const watched = makeWatched({ name, kind, chain: null, port, standbyOf: null, role: "", network: "none", jailed: true, isolation: "oci", cpuQuotaPercent: null, keyLifetimeDays: null, allocation: {}, config: new Uint8Array() });
  watched.epoch = 7n;
  return watched;
};

const setUp = (prepare: (key: Uint8Array) => Promise<void> = async () => undefined) => {
  const house = makeAccessHouse();
  const told: Record<string, unknown>[] = [];
  let late = (): void => undefined;
  const clock: Pick<Clock, "after"> = {
    after: (delayMs, run) => {
      assert.ok(delayMs === KEYED_DEADLINE_MS || delayMs === OWN_RESTART_MS);
      late = run;
      return () => undefined;
    },
  };
  const all = new Map([domain("interaction", "interaction", 1), domain("plugin-a", "validator", 2)].map((each) => [each.domain.name, each]));
  const rotation = serveRotation(house.desk, { clock, random: { bytes: (length) => new Uint8Array(length).fill(9) }, all, tellLauncher: (line) => void told.push(line), own: { name: "management", epoch: 3n, prepare } });
  return { ...house, told, rotation, late: () => late() };
};
const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a security officer has a domain's key rotated: management makes it, the launcher writes it, and nobody is told it", async () => {
  const { give, told, rotation, records } = setUp();
  const answer = give("olga", "rotateKey", "interaction");
  await settled();
  assert.deepEqual(told, [{ type: "key", name: "interaction", epoch: "7", key: "09".repeat(32) }]);
  rotation.onKeyed("interaction", 2n);
  assert.deepEqual((await answer).result, { domain: "interaction", keyEpoch: "2" });
  assert.ok(!JSON.stringify(records).includes("0909"));
  assert.ok(!JSON.stringify(await answer).includes("0909"));
});

test("operators, and domains whose key is more than theirs, are refused; so is a key the launcher does not write", async () => {
  const { give, told, rotation, late } = setUp();
  assert.equal((await give("ann", "rotateKey", "interaction")).failure?.code, "access.order.denied");
  assert.equal((await give("olga", "rotateKey", "plugin-a")).failure?.code, "management.key.kind");
  assert.deepEqual(told, []);
  const failed = give("olga", "rotateKey", "interaction");
  await settled();
  rotation.onKeyed("interaction", null);
  assert.equal((await failed).failure?.code, "management.key.late");
  const silent = give("olga", "rotateKey", "interaction");
  await settled();
  late();
  assert.equal((await silent).failure?.code, "management.key.late");
});

test("management's own key is written once the audit log is signed by it as well, and management then starts again by itself", async () => {
  const steps: string[] = [];
  const { give, told, rotation, late } = setUp(async (key) => void steps.push(`log ready for ${String(key[0])}, launcher told ${String(told.length)}`));
  const answer = give("olga", "rotateKey", "management");
  await settled();
  assert.deepEqual(steps, ["log ready for 9, launcher told 0"]);
  assert.deepEqual(told, [{ type: "key", name: "management", epoch: "3", key: "09".repeat(32) }]);
  rotation.onKeyed("management", 2n);
  assert.deepEqual((await answer).result, { domain: "management", keyEpoch: "2" });
  assert.equal(told.length, 1);
  late();
  assert.deepEqual(told.at(-1), { type: "renew", name: "management", epoch: "3", why: "olga: test" });
});

test("two orders for management's key at a time are one too many: the log is prepared for the first alone", async () => {
  const prepared: number[] = [];
  let isReady = (): void => undefined;
  const { give, told, rotation } = setUp(async (key) => {
    prepared.push(key.length);
    await new Promise<void>((resolve) => (isReady = resolve));
  });
  const first = give("olga", "rotateKey", "management");
  await settled();
  assert.equal((await give("otto", "rotateKey", "management")).failure?.code, "management.key.late");
  isReady();
  await settled();
  rotation.onKeyed("management", 2n);
  assert.deepEqual((await first).result, { domain: "management", keyEpoch: "2" });
  assert.deepEqual([prepared.length, told.length], [1, 1]);
});

test("management's key stays when the log can not be prepared for another", async () => {
  const { give, told } = setUp(async () => Promise.reject(new CodedError("audit.log.write")));
  assert.equal((await give("olga", "rotateKey", "management")).failure?.code, "audit.log.write");
  assert.deepEqual(told, []);
});
