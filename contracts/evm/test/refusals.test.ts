import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { type Hex, keccak256 } from "viem";
import { type LoadedArtifact, loadArtifacts } from "../src/load-artifacts.ts";
import { digestOf, type Facts, governedDigestOf, KIND, STATUS, treeOf, validatorsLeaf, ZERO } from "./support/oracle.ts";
import { errorSelector } from "./support/selector.ts";
import { makeSigners, signAll } from "./support/signers.ts";
import {
  type Asked, attest, cancel, cancelFacts, execute, executeArgs, gatewayArgs, GENESIS, governors, LIMITS, makeRequest,
  quorum, receiptsOf, requestsOf, settle, settleArgs, startWorld, TIMEOUT_MS, validators, type World,
} from "./support/world.ts";

let world: World;
before(async () => { world = await startWorld(); });
beforeEach(async () => { await world.reset(); });
after(async () => { await world.stop(); });

const PAUSER = { sender: 1 };
const STRANGER = { sender: 2 };
const selector = (name: string): Hex => errorSelector(world.a.gateway.abi, name);

async function lock(amount = 1000n): Promise<Asked> {
  const { a, b } = world;
  const mined = await a.vault.done("lock", [b.keys.vault, a.chain.accounts[3], amount, TIMEOUT_MS]);
  const [asked] = requestsOf(a, mined.events);
  assert.ok(asked);
  return asked;
}

const ask = (timeoutMs = TIMEOUT_MS): readonly unknown[] => [world.b.keys.hostile, "echo", [], timeoutMs];

test("request: only a registered service may ask", async () => {
  assert.equal(await world.a.gateway.refusal("request", [world.b.keys.vault, "mint", [], TIMEOUT_MS, 0]), "NotService");
  assert.equal(await world.a.gateway.refusal("requestPrivate", [world.b.keys.vault, ZERO, TIMEOUT_MS, 0]), "NotService");
});

test("request: refused towards a pair that is not allowed", async () => {
  assert.equal(await world.a.hostile.refusal("ask", [world.b.keys.vault, "mint", [], TIMEOUT_MS]), selector("PairNotAllowed"));
});

test("request: refused when the timeout is zero, too short or too long", async () => {
  for (const timeoutMs of [0n, LIMITS.minTimeoutMs - 1n, LIMITS.maxTimeoutMs + 1n, 2n ** 64n - 1n]) {
    const refusal = await world.a.hostile.refusal("ask", ask(timeoutMs));
    assert.ok(refusal?.startsWith(selector("TimeoutOutsideLimits")), String(refusal));
  }
});

test("request: refused when the chain of the destination is closed, and what is open still settles", async () => {
  const { a, b } = world;
  const asked = await lock();
  await a.govern([a.gateway.data("closeChain", [b.target.chain])]);
  assert.equal(await a.hostile.refusal("ask", ask()), selector("ChainIsClosed"));
  const settled = await settle(a, receiptsOf((await execute(b, [asked])).events));
  assert.ok(settled.events.some(({ name }) => name === "Settled"));
});

test("request: refused beyond the window of undecided indexes until the lowest settles", async () => {
  const { a, b } = world;
  const LARGE = 55_000_000n;
  const many = async (count: number): Promise<Asked[]> =>
    requestsOf(a, (await a.hostile.done("askMany", [b.keys.hostile, count, TIMEOUT_MS], { gas: LARGE })).events);
  const upTo = () => a.gateway.read("settledUpTo", [a.keys.hostile, b.keys.hostile]);
  const full = async () => (await a.hostile.refusal("ask", ask()))?.startsWith(selector("WindowFull"));
  const asked = await many(LIMITS.window);
  assert.equal(await full(), true);
  const receipts = receiptsOf((await cancel(b, asked, LARGE)).events);
  for (let i = 1; i < receipts.length; i += 100) await settle(a, receipts.slice(i, i + 100), LARGE);
  assert.equal(await full(), true);
  await settle(a, receipts.slice(0, 1));
  const { window } = LIMITS;
  assert.equal(await upTo(), 256n, "one step of the cursor is bounded");
  await many(256);
  assert.equal(await a.hostile.refusal("ask", ask()), null, "a full window looks again before it refuses");
  await many(window - 256);
  assert.equal(await upTo(), BigInt(window));
  assert.equal(await full(), true);
});

test("execute: the cursor of an ordered pair passes over many cancelled indexes in bounded steps", async () => {
  const { a, b } = world;
  const asked = Array.from({ length: 301 }, (_, i) => makeRequest(a.target, a.keys.hostile, b.keys.hostile, BigInt(i + 1), { func: "echo" }));
  const [first, ...rest] = asked;
  const last = rest.pop();
  assert.ok(first && last);
  await cancel(b, rest, 55_000_000n);
  const cursor = () => b.gateway.read("inCursor", [a.keys.hostile, b.keys.hostile]);
  await execute(b, [first]);
  assert.equal(await cursor(), 256n);
  await execute(b, [last]);
  assert.equal(await cursor(), 301n);
  assert.equal(await b.hostile.read("calls"), 2n);
});

test("execute, cancel: an index that comes long after those behind it is decided with the gas of any other, however far the cursor has to go", async () => {
  const { a, b } = world;
  const cursor = async () => (await b.gateway.read("inCursor", [a.keys.hostile, b.keys.hostile])) as bigint;
  const asked = Array.from({ length: 604 }, (_, i) => makeRequest(a.target, a.keys.hostile, b.keys.hostile, BigInt(i + 1), { func: "echo" }));
  const behind = [...asked.slice(1, 301), ...asked.slice(302, 602)];
  for (let at = 0; at < behind.length; at += 300) await cancel(b, behind.slice(at, at + 300), 55_000_000n);
  assert.deepEqual(receiptsOf((await execute(b, asked.slice(0, 1), 645_120n)).events).map(({ facts }) => facts.index), [1n]);
  const afterFirst = await cursor();
  assert.ok(afterFirst > 1n && afterFirst < 257n, String(afterFirst));
  // The cursor takes steps with every decision, and none of a batch goes without because of them.
  assert.equal(receiptsOf((await cancel(b, [asked[301], asked[602], asked[603]].filter((each) => each !== undefined), 700_000n)).events).length, 3);
  assert.ok((await cursor()) > afterFirst);
});

test("request: a body beyond the limit is refused", async () => {
  const args = [`0x${"11".repeat(20_000)}`];
  assert.ok((await world.a.hostile.refusal("ask", [world.b.keys.hostile, "echo", args, TIMEOUT_MS]))?.startsWith(selector("BodyTooLarge")));
});

test("request: a service that moves assets may not ask privately", async () => {
  const { a, b } = world;
  await a.govern([a.gateway.data("registerLocalService", [a.ids.hostile, a.hostile.address, 300_000n, true, true])]);
  assert.equal(await a.hostile.refusal("askPrivate", [b.keys.hostile, ZERO, TIMEOUT_MS]), selector("PrivateAsset"));
});

test("execute: a private body for a service that moves assets is a FAILURE receipt", async () => {
  const { a, b } = world;
  const asked = makeRequest(a.target, a.keys.vault, b.keys.vault, 1n, { isPrivate: true, func: "mint" });
  assert.equal(receiptsOf((await execute(b, [asked])).events)[0]?.facts.status, STATUS.failure);
});

test("pause stops request and execute, never cancel or settle", async () => {
  const { a, b } = world;
  const [first, second] = [await lock(), await lock()];
  const receipts = receiptsOf((await execute(b, [first])).events);
  assert.equal(await a.gateway.refusal("pause", [], STRANGER), "OnlyPauser");
  await a.gateway.done("pause", [], PAUSER);
  await b.gateway.done("pause", [], PAUSER);
  assert.equal(await a.vault.refusal("lock", [b.keys.vault, a.chain.accounts[3], 1n, TIMEOUT_MS]), selector("IsPaused"));
  const block = await attest(b.target, KIND.request, [second.facts]);
  assert.equal(await b.gateway.refusal("execute", executeArgs(block, [second])), "IsPaused");
  const cancelled = receiptsOf((await cancel(b, [second])).events);
  assert.equal(cancelled.length, 1);
  await settle(a, [...receipts, ...cancelled]);
  assert.equal(await a.gateway.read("settledUpTo", [a.keys.vault, b.keys.vault]), 2n);
  assert.equal(await a.gateway.refusal("unpause", [], PAUSER), "OnlySelf");
  await a.govern([a.gateway.data("unpause", [])]);
  assert.equal(await a.gateway.read("paused"), false);
});

test("settle: a receipt for another request freezes the pair both ways until governance acts", async () => {
  const { a, b } = world;
  const asked = await lock();
  const incoming = makeRequest(b.target, b.keys.vault, a.keys.vault, 1n, { func: "release" });
  const [good] = receiptsOf((await execute(b, [asked])).events);
  assert.ok(good);
  const bad = { ...good, facts: { ...good.facts, requestHash: keccak256("0x01") } };
  const mined = await settle(a, [bad]);
  assert.deepEqual(mined.events.map(({ name }) => name), ["PairFrozen"]);
  assert.deepEqual(await a.gateway.read("requestState", [a.keys.vault, b.keys.vault, 1n]), [asked.facts.requestHash, 0]);
  assert.equal(await a.vault.refusal("lock", [b.keys.vault, a.chain.accounts[3], 1n, TIMEOUT_MS]), selector("PairIsFrozen"));
  assert.deepEqual((await execute(a, [incoming])).events.map(({ name }) => name), ["Skipped"]);
  assert.equal((await settle(a, [good])).events[0]?.name, "Settled");
  assert.equal((await cancel(a, [incoming])).events[0]?.name, "Receipt");
  await a.govern([a.gateway.data("unfreezePair", [a.keys.vault, b.keys.vault])]);
  await lock();
});

test("settle: a receipt for an index that was never asked freezes the pair", async () => {
  const { a, b } = world;
  const facts = { from: a.keys.vault, to: b.keys.vault, index: 9n, requestHash: ZERO, status: STATUS.success, resultHash: keccak256("0x") };
  assert.deepEqual((await settle(a, [{ facts, result: "0x" }])).events.map(({ name }) => name), ["PairFrozen"]);
});

test("settle: the result must be the attested one, the status a receipt's", async () => {
  const { a, b } = world;
  const [receipt] = receiptsOf((await execute(b, [await lock()])).events);
  assert.ok(receipt);
  const block = await attest(a.target, KIND.receipt, [receipt.facts]);
  assert.equal(await a.gateway.refusal("settle", settleArgs(block, [{ ...receipt, result: "0x00" }])), "ResultMismatch");
  for (const status of [0, 1, 2, 6, 255]) {
    const facts: Facts = { ...receipt.facts, status };
    const forged = await attest(a.target, KIND.receipt, [facts]);
    assert.equal(await a.gateway.refusal("settle", settleArgs(forged, [{ ...receipt, facts }])), "StatusInvalid");
  }
  assert.equal(await a.gateway.refusal("settle", [block.header, block.signatures, block.entries, []]), "LengthMismatch");
});

test("settle: what is settled is skipped, whatever a later receipt says", async () => {
  const { a, b } = world;
  const [receipt] = receiptsOf((await execute(b, [await lock()])).events);
  assert.ok(receipt);
  await settle(a, [receipt]);
  const again = await settle(a, [{ ...receipt, facts: { ...receipt.facts, status: STATUS.rollback } }]);
  assert.deepEqual(again.events, []);
  const [, state] = (await a.gateway.read("requestState", [a.keys.vault, b.keys.vault, 1n])) as [Hex, number];
  assert.equal(state, 1);
});

test("execute: an entry whose source is not the registered one is skipped, undecided", async () => {
  const { a, b } = world;
  const elsewhere = [{ ...a.target, chain: ZERO }, { ...a.target, account: b.target.account }];
  for (const source of elsewhere) {
    const asked = makeRequest(source, a.keys.vault, b.keys.vault, 1n, { func: "mint" });
    const mined = await execute(b, [asked]);
    assert.deepEqual(mined.events.map(({ name }) => name), ["Skipped"]);
  }
  const unknown = makeRequest(a.target, keccak256("0x02"), b.keys.vault, 1n, { func: "mint" });
  assert.deepEqual((await execute(b, [unknown])).events.map(({ name }) => name), ["Skipped"]);
  assert.equal(await b.gateway.read("receiptHash", [a.keys.vault, b.keys.vault, 1n]), ZERO);
});

test("execute: a pair that is not allowed is a FAILURE receipt", async () => {
  const { a, b } = world;
  const mined = await execute(b, [makeRequest(a.target, a.keys.data, b.keys.vault, 1n, { func: "mint" })]);
  assert.equal(receiptsOf(mined.events)[0]?.facts.status, STATUS.failure);
});

test("execute: the body must be the committed one, in every field", async () => {
  const { a, b } = world;
  const asked = makeRequest(a.target, a.keys.hostile, b.keys.hostile, 1n, { func: "echo", args: ["0x01"], priority: 1 });
  const block = await attest(b.target, KIND.request, [asked.facts]);
  const changes = [
    { func: "ech" }, { args: ["0x02"] }, { args: [] }, { args: ["0x01", "0x"] }, { timeoutMs: TIMEOUT_MS + 1n }, { priority: 0 },
    { isPrivate: true }, { srcChain: b.target.chain }, { srcContract: b.target.account },
  ] as const;
  for (const change of changes) {
    const args = executeArgs(block, [{ ...asked, body: { ...asked.body, ...change } }]);
    assert.equal(await b.gateway.refusal("execute", args), "BodyMismatch");
  }
  assert.equal(await b.gateway.refusal("execute", executeArgs(block, [asked])), null);
  assert.equal(await b.gateway.refusal("execute", [block.header, block.signatures, block.entries, []]), "LengthMismatch");
});

test("execute: index 0, a status or a result hash that no request has are refused", async () => {
  const { a, b } = world;
  const asked = makeRequest(a.target, a.keys.hostile, b.keys.hostile, 1n, { func: "echo" });
  for (const change of [{ status: 3 }, { resultHash: keccak256("0x") }]) {
    const facts = { ...asked.facts, ...change };
    const block = await attest(b.target, KIND.request, [facts]);
    assert.equal(await b.gateway.refusal("execute", executeArgs(block, [asked])), "EntryInvalid");
  }
  const zero = makeRequest(a.target, a.keys.vault, b.keys.vault, 0n, { func: "mint" });
  const block = await attest(b.target, KIND.request, [zero.facts]);
  assert.equal(await b.gateway.refusal("execute", executeArgs(block, [zero])), "EntryInvalid");
  const wrong = await attest(b.target, KIND.cancel, [{ ...cancelFacts(asked), status: 0 }]);
  assert.equal(await b.gateway.refusal("cancel", [wrong.header, wrong.signatures, wrong.entries]), "EntryInvalid");
});

test("execute: an ordered pair takes the next index only, and its cursor passes over cancelled ones", async () => {
  const { a, b } = world;
  const [one, two, three] = [1n, 2n, 3n].map((index) => makeRequest(a.target, a.keys.hostile, b.keys.hostile, index, { func: "echo" }));
  assert.ok(one && two && three);
  assert.deepEqual((await execute(b, [two])).events.map(({ name }) => name), ["Skipped"]);
  await cancel(b, [two]);
  const mined = await execute(b, [three, one, three]);
  assert.deepEqual(mined.events.map(({ name }) => name), ["Skipped", "Receipt", "Receipt"]);
  assert.equal(await b.gateway.read("inCursor", [a.keys.hostile, b.keys.hostile]), 3n);
  assert.equal(await b.hostile.read("calls"), 2n);
});

test("execute: an unordered pair takes any index once", async () => {
  const { a, b } = world;
  const [one, two] = [await lock(), await lock()];
  await execute(b, [two]);
  await execute(b, [one, two]);
  assert.equal(await b.gateway.read("inCursor", [a.keys.vault, b.keys.vault]), 2n);
});

test("rotation: the next epoch by one proven entry, then blocks of the old epoch lapse", async () => {
  const { b } = world;
  const next = makeSigners("next validator", 4);
  const addresses = next.map(({ address }) => address);
  const prove = async (epoch: bigint, signers = quorum) => {
    const { root } = treeOf([validatorsLeaf(GENESIS, epoch, addresses, 3)]);
    const header = { epoch: epoch - 1n, height: 1n, prevHash: ZERO, tick: 1n, entriesRoot: root };
    return [header, await signAll(digestOf(GENESIS, header), signers)] as const;
  };
  const asked = await lock();
  const old = await attest(b.target, KIND.request, [asked.facts]);
  assert.equal(await b.gateway.refusal("rotate", [...(await prove(3n)), addresses, 3, 0, []]), "WrongEpoch");
  assert.equal(await b.gateway.refusal("rotate", [...(await prove(2n)), addresses, 4, 0, []]), "NotIncluded");
  assert.equal(await b.gateway.refusal("rotate", [...(await prove(2n)), addresses.slice(1), 3, 0, []]), "NotIncluded");
  const stranger = await prove(2n, next.slice(0, 3));
  assert.equal(await b.gateway.refusal("rotate", [...stranger, addresses, 3, 0, []]), "NotValidator");
  const rotation = [...(await prove(2n)), addresses, 3, 0, []];
  const mined = await b.gateway.done("rotate", rotation);
  assert.equal(mined.events[0]?.name, "EpochChanged");
  assert.equal(await b.gateway.read("epoch"), 2n);
  assert.deepEqual(await b.gateway.read("validators"), [addresses, 3]);
  assert.equal(await b.gateway.refusal("rotate", rotation), "WrongEpoch");
  assert.equal(await b.gateway.refusal("execute", executeArgs(old, [asked])), "WrongEpoch");
  const bySameKeys = await attest(b.target, KIND.request, [asked.facts], { epoch: 2n });
  assert.equal(await b.gateway.refusal("execute", executeArgs(bySameKeys, [asked])), "NotValidator");
  const renewed = await attest(b.target, KIND.request, [asked.facts], { epoch: 2n, signers: next.slice(1) });
  assert.equal(await b.gateway.refusal("execute", executeArgs(renewed, [asked])), null);
});

test("governance: m distinct governors, ascending, for this chain, this contract and this nonce", async () => {
  const { a, b } = world;
  const calls = [a.gateway.data("closeChain", [b.target.chain])];
  const nonce = (await a.gateway.read("governanceNonce")) as bigint;
  const digest = governedDigestOf(a.chain.chainId, a.gateway.address, nonce, calls);
  assert.equal(await a.gateway.read("governedDigest", [nonce, calls]), digest);
  const [one, two] = await signAll(digest, governors);
  const refusal = (signatures: readonly unknown[], given = calls) => a.gateway.refusal("governed", [given, signatures]);
  assert.equal(await refusal([one]), "TooFewGovernors");
  assert.equal(await refusal([one, one]), "GovernorsNotAscending");
  assert.equal(await refusal([two, one]), "GovernorsNotAscending");
  assert.equal(await refusal([one, two], []), "NotGovernor");
  assert.equal(await refusal(await signAll(digest, validators)), "NotGovernor");
  const otherChain = await signAll(governedDigestOf(b.chain.chainId, a.gateway.address, nonce, calls), governors.slice(0, 2));
  assert.notEqual(await refusal(otherChain), null);
  const otherContract = await signAll(governedDigestOf(a.chain.chainId, b.gateway.address, nonce, calls), governors.slice(0, 2));
  assert.notEqual(await refusal(otherContract), null);
  await a.gateway.done("governed", [calls, [one, two]]);
  assert.notEqual(await refusal([one, two]), null);
});

test("governance: nothing else registers, allows, closes or unfreezes", async () => {
  const { a, b } = world;
  const calls: [string, readonly unknown[]][] = [
    ["registerLocalService", ["1:a:x", a.vault.address, 1n, false, false]],
    ["registerRemoteService", ["1:b:x", b.target.chain, b.target.account]],
    ["allowPair", [a.keys.data, b.keys.vault]],
    ["closeChain", [b.target.chain]],
    ["unfreezePair", [a.keys.vault, b.keys.vault]],
    ["unpause", []],
  ];
  for (const [name, args] of calls) assert.equal(await a.gateway.refusal(name, args), "OnlySelf");
});

test("governance: registrations that make no sense are refused, all or none of a batch", async () => {
  const { a, b } = world;
  const { data } = a.gateway;
  const nonsense: Hex[] = [
    data("registerLocalService", ["", a.vault.address, 1n, false, false]),
    data("registerLocalService", ["x".repeat(257), a.vault.address, 1n, false, false]),
    data("registerLocalService", ["1:a:new", a.chain.accounts[4], 1n, false, false]),
    data("registerLocalService", ["1:a:new", a.gateway.address, 1n, false, false]),
    data("registerLocalService", ["1:a:new", a.vault.address, 1n, false, false]),
    data("registerLocalService", [a.ids.vault, a.token.address, 1n, false, false]),
    data("registerLocalService", ["1:a:new", a.token.address, 0n, false, false]),
    data("registerLocalService", ["1:a:new", a.token.address, 2n ** 63n, false, false]),
    data("registerLocalService", [b.ids.vault, a.token.address, 1n, false, false]),
    data("registerRemoteService", [a.ids.vault, b.target.chain, b.target.account]),
    data("registerRemoteService", ["1:b:new", a.target.chain, b.target.account]),
    data("registerRemoteService", ["1:b:new", ZERO, b.target.account]),
    data("registerRemoteService", ["1:b:new", b.target.chain, ZERO]),
    data("allowPair", [a.keys.vault, a.keys.data]),
    data("allowPair", [b.keys.vault, b.keys.data]),
    data("allowPair", [a.keys.vault, keccak256("0x05")]),
    data("allowPair", [keccak256("0x05"), a.keys.vault]),
  ];
  const before = await a.gateway.read("services");
  for (const call of nonsense) {
    await assert.rejects(a.govern([data("closeChain", [b.target.chain]), call]), /GovernedCallFailed/);
  }
  assert.deepEqual(await a.gateway.read("services"), before);
  assert.equal(await a.gateway.read("chainClosed", [b.target.chain]), false);
});

test("deployment: validator sets without a safe threshold, unordered or double members, bad limits are refused", async () => {
  const { a } = world;
  const { Gateway } = loadArtifacts();
  const addresses = validators.map(({ address }) => address);
  const good = gatewayArgs(a.chain);
  const withSet = (members: readonly Hex[], threshold: number): readonly unknown[] => [...good.slice(0, 4), members, threshold, good[6]];
  const bad: (readonly unknown[])[] = [
    withSet(addresses, 2), withSet(addresses, 4), withSet([], 0), withSet([...addresses].reverse(), 3),
    withSet([addresses[0], addresses[0], addresses[1], addresses[2]] as Hex[], 3), withSet([`0x${"00".repeat(20)}`], 1),
    gatewayArgs(a.chain, { minTimeoutMs: 0n }), gatewayArgs(a.chain, { minTimeoutMs: 9_000_000n }), gatewayArgs(a.chain, { window: 0 }),
    gatewayArgs(a.chain, { reserveGas: 50_000 }), gatewayArgs(a.chain, { maxResultBytes: 20_000, reserveGas: 10_000_000 }),
    [ZERO, ...good.slice(1)],
    [good[0], [], 0, ...good.slice(3)],
    [good[0], governors.map(({ address }) => address), 4, ...good.slice(3)],
    [good[0], [governors[0]?.address, governors[0]?.address], 2, ...good.slice(3)],
  ];
  for (const args of bad) await assert.rejects(a.chain.deploy(Gateway satisfies LoadedArtifact, args), /reverted/);
  await a.chain.deploy(Gateway, withSet(addresses.slice(0, 1), 1));
});
