import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { encodeAbiParameters, type Hex, stringToHex } from "viem";
import { bodyHash, digestOf, KIND, receiptHashOf, STATUS } from "./support/oracle.ts";
import {
  attest, balances, cancel, execute, GENESIS, makeRequest, receiptsOf, requestsOf, settle, startWorld, TIMEOUT_MS, type World,
} from "./support/world.ts";

let world: World;
before(async () => { world = await startWorld(); });
beforeEach(async () => { await world.reset(); });
after(async () => { await world.stop(); });

const user = (): Hex => world.a.chain.accounts[0] as Hex;
const receiver = (): Hex => world.a.chain.accounts[3] as Hex;

test("tokens locked on one chain are minted on the other and the lock commits", async () => {
  const { a, b } = world;
  const locked = await a.vault.done("lock", [b.keys.vault, receiver(), 1000n, TIMEOUT_MS]);
  const asked = requestsOf(a, locked.events);
  assert.equal(asked.length, 1);
  assert.deepEqual(asked[0]?.body.args, [
    encodeAbiParameters([{ type: "address" }], [receiver()]),
    encodeAbiParameters([{ type: "uint256" }], [1000n]),
  ]);
  assert.deepEqual(await a.gateway.read("requestState", [a.keys.vault, b.keys.vault, 1n]), [asked[0]?.facts.requestHash, 0]);

  const executed = await execute(b, asked);
  const receipts = receiptsOf(executed.events);
  assert.equal(receipts[0]?.facts.status, STATUS.success);
  assert.equal((await balances(b, a, receiver())).wrapped, 1000n);
  assert.equal(
    await b.gateway.read("receiptHash", [a.keys.vault, b.keys.vault, 1n]),
    receiptHashOf(asked[0]?.facts.requestHash, STATUS.success, "0x"),
  );

  const settled = await settle(a, receipts);
  assert.deepEqual(settled.events.map(({ name }) => name), ["Settled"]);
  assert.deepEqual(await a.gateway.read("requestState", [a.keys.vault, b.keys.vault, 1n]), [asked[0]?.facts.requestHash, 1]);
  assert.equal(await a.gateway.read("settledUpTo", [a.keys.vault, b.keys.vault]), 1n);
  assert.equal((await balances(a, b, user())).locked, 1000n);
});

test("wrapped tokens burned on one chain release the home tokens on the other", async () => {
  const { a, b } = world;
  const there = await execute(b, requestsOf(a, (await a.vault.done("lock", [b.keys.vault, user(), 1000n, TIMEOUT_MS])).events));
  await settle(a, receiptsOf(there.events));
  const burned = await b.vault.done("burn", [a.keys.vault, receiver(), 400n, TIMEOUT_MS]);
  const back = await execute(a, requestsOf(b, burned.events));
  await settle(b, receiptsOf(back.events));
  const atHome = await balances(a, b, receiver());
  assert.equal(atHome.home, 400n);
  assert.equal(atHome.locked, 600n);
  assert.equal((await balances(b, a, user())).wrappedSupply, 600n);
});

test("a lock whose mint fails on the destination is refunded", async () => {
  const { a, b } = world;
  const before = await balances(a, b, user());
  const asked = requestsOf(a, (await a.vault.done("lock", [b.keys.vault, receiver(), 1000n, TIMEOUT_MS])).events);
  const lessGas = b.gateway.data("registerLocalService", [b.ids.vault, b.vault.address, 10_000n, false, true]);
  await b.govern([lessGas]);
  const receipts = receiptsOf((await execute(b, asked)).events);
  assert.equal(receipts[0]?.facts.status, STATUS.failure);
  const settled = await settle(a, receipts);
  assert.deepEqual(settled.events.map(({ name }) => name), ["Settled", "Transfer", "Refunded"]);
  assert.deepEqual(await balances(a, b, user()), before);
});

test("a cancelled lock is refunded and can never execute afterwards", async () => {
  const { a, b } = world;
  const before = await balances(a, b, user());
  const asked = requestsOf(a, (await a.vault.done("lock", [b.keys.vault, receiver(), 1000n, TIMEOUT_MS])).events);
  const receipts = receiptsOf((await cancel(b, asked)).events);
  assert.equal(receipts[0]?.facts.status, STATUS.rollback);
  await settle(a, receipts);
  assert.deepEqual(await balances(a, b, user()), before);
  assert.deepEqual((await execute(b, asked)).events, []);
  assert.equal((await balances(b, a, receiver())).wrapped, 0n);
});

test("a cancelled burn mints the wrapped tokens again", async () => {
  const { a, b } = world;
  const there = await execute(b, requestsOf(a, (await a.vault.done("lock", [b.keys.vault, user(), 1000n, TIMEOUT_MS])).events));
  await settle(a, receiptsOf(there.events));
  const asked = requestsOf(b, (await b.vault.done("burn", [a.keys.vault, receiver(), 400n, TIMEOUT_MS])).events);
  await settle(b, receiptsOf((await cancel(a, asked)).events));
  assert.equal((await balances(b, a, user())).wrapped, 1000n);
});

test("a value is read privately from the other chain's data service", async () => {
  const { a, b } = world;
  const key = stringToHex("rate");
  await b.data.done("set", [key, stringToHex("42")]);
  const salt: Hex = `0x${"ab".repeat(32)}`;
  const secret = { isPrivate: true, salt, func: "get", args: [key] };
  const mined = await a.data.done("get", [b.keys.data, bodyHash(secret), TIMEOUT_MS]);
  const event = mined.events.find(({ name }) => name === "Request");
  assert.equal(event?.args["func"], "");
  assert.deepEqual(event?.args["args"], []);
  const receipts = receiptsOf((await execute(b, requestsOf(a, mined.events, secret))).events);
  assert.equal(receipts[0]?.result, stringToHex("42"));
  await settle(a, receipts);
  assert.deepEqual(await a.data.read("answerOf", [b.keys.data, 1n]), [STATUS.success, stringToHex("42")]);
});

test("a function the service does not know is a FAILURE receipt and rolls back", async () => {
  const { a, b } = world;
  const mined = await a.data.done("callPublic", [b.keys.data, "erase", "0x01", TIMEOUT_MS]);
  const receipts = receiptsOf((await execute(b, requestsOf(a, mined.events))).events);
  assert.equal(receipts[0]?.facts.status, STATUS.failure);
  await settle(a, receipts);
  assert.deepEqual(await a.gateway.read("requestState", [a.keys.data, b.keys.data, 1n]), [receipts[0]?.facts.requestHash, 2]);
});

test("a request to a service that is not registered is a FAILURE receipt", async () => {
  const { a, b } = world;
  const [asked] = requestsOf(a, (await a.data.done("getPublic", [b.keys.data, "0x01", TIMEOUT_MS])).events);
  assert.ok(asked);
  const lost = makeRequest(a.target, a.keys.data, `0x${"77".repeat(32)}`, 1n, asked.body);
  assert.equal(receiptsOf((await execute(b, [lost])).events)[0]?.facts.status, STATUS.failure);
});

test("the receipt of a decided index can be emitted again, and only that one", async () => {
  const { a, b } = world;
  const asked = requestsOf(a, (await a.data.done("getPublic", [b.keys.data, "0x01", TIMEOUT_MS])).events);
  const [receipt] = receiptsOf((await cancel(b, asked)).events);
  assert.ok(receipt);
  const { from, to, index, requestHash } = receipt.facts;
  const again = await b.gateway.done("reemit", [from, to, index, STATUS.rollback, "0x", requestHash]);
  assert.deepEqual(receiptsOf(again.events), [receipt]);
  assert.equal(await b.gateway.refusal("reemit", [from, to, index, STATUS.success, "0x", requestHash]), "ReceiptMismatch");
  assert.equal(await b.gateway.refusal("reemit", [from, to, index + 1n, STATUS.rollback, "0x", requestHash]), "ReceiptMismatch");
});

test("windows and cursors tell what is decided and settled", async () => {
  const { a, b } = world;
  const asked = [];
  for (let i = 0; i < 4; ++i) {
    asked.push(...requestsOf(a, (await a.data.done("getPublic", [b.keys.data, "0x01", TIMEOUT_MS])).events));
  }
  const receipts = receiptsOf((await cancel(b, [asked[0], asked[2], asked[3]].filter((each) => each !== undefined))).events);
  assert.equal(await b.gateway.read("decidedWindow", [a.keys.data, b.keys.data, 1n, 10n]), "0x0d00");
  assert.equal(await b.gateway.read("inCursor", [a.keys.data, b.keys.data]), 1n);
  await settle(a, receipts.slice(1));
  assert.equal(await a.gateway.read("settledWindow", [a.keys.data, b.keys.data, 1n, 4n]), "0x0c");
  assert.equal(await a.gateway.read("settledUpTo", [a.keys.data, b.keys.data]), 0n);
  await settle(a, receipts);
  assert.equal(await a.gateway.read("settledUpTo", [a.keys.data, b.keys.data]), 1n);
  assert.equal(await a.gateway.read("outIndex", [a.keys.data, b.keys.data]), 4n);
});

test("the registered services are listed with their ids", async () => {
  const { a, b } = world;
  const services = (await a.gateway.read("services")) as { fullId: string; isLocal: boolean; key: Hex }[];
  assert.deepEqual(services.map(({ fullId }) => fullId).sort(), [...Object.values(a.ids), ...Object.values(b.ids)].sort());
  assert.deepEqual(services.filter(({ isLocal }) => isLocal).map(({ fullId }) => fullId).sort(), Object.values(a.ids).sort());
});

test("the block digest is EIP-712 with the relay genesis as salt", async () => {
  const { header } = await attest(world.a.target, KIND.request, [
    { from: GENESIS, to: GENESIS, index: 1n, requestHash: GENESIS, status: STATUS.begin, resultHash: GENESIS },
  ]);
  assert.equal(await world.a.gateway.read("blockDigest", [header]), digestOf(GENESIS, header));
});
