import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { concat, encodeAbiParameters, type Hex, keccak256, stringToHex, toHex } from "viem";
import { bodyHash, digestOf, type Facts, KIND, leafOf, requestHash, STATUS, treeOf, validatorsLeaf, ZERO } from "./support/oracle.ts";
import { errorSelector } from "./support/selector.ts";
import { makeSigners, signAll } from "./support/signers.ts";
import {
  type Asked, attest, type Attested, balances, CALL_GAS, cancel, cancelFacts, execute, executeArgs, GENESIS, LIMITS, makeRequest, quorum,
  receiptsOf, requestsOf, settle, settleArgs, startWorld, TIMEOUT_MS, validators, type World,
} from "./support/world.ts";

let world: World;
before(async () => { world = await startWorld(); });
beforeEach(async () => { await world.reset(); });
after(async () => { await world.stop(); });

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const MODE = { echo: 0, revert: 1, burn: 2, returnBomb: 3, revertBomb: 4, garbage: 5, reenter: 6, work: 7 } as const;
const thief = (): Hex => world.b.chain.accounts[4] as Hex;

/** A mint nobody locked for. */
const forgery = (index = 1n): Asked =>
  makeRequest(world.a.target, world.a.keys.vault, world.b.keys.vault, index, {
    func: "mint",
    args: [encodeAbiParameters([{ type: "address" }], [thief()]), encodeAbiParameters([{ type: "uint256" }], [10n ** 20n])],
  });
const ping = (index = 1n, args: readonly Hex[] = ["0x01"]): Asked =>
  makeRequest(world.a.target, world.a.keys.hostile, world.b.keys.hostile, index, { func: "echo", args });
const refusalOf = (block: Attested, asked: readonly Asked[]) => world.b.gateway.refusal("execute", executeArgs(block, asked));
const become = (mode: number, target: Hex = `0x${"00".repeat(20)}`, payload: Hex = "0x") =>
  world.b.hostile.done("become", [mode, target, payload]);
const blockOf = (asked: readonly Asked[], changes: Parameters<typeof attest>[3] = {}) =>
  attest(world.b.target, KIND.request, asked.map(({ facts }) => facts), changes);

test("weak point 1, no proof: a request without a proof, or with one byte as proof, is refused", async () => {
  const asked = forgery();
  const block = await blockOf([asked]);
  assert.equal(await refusalOf({ ...block, signatures: [] }, [asked]), "TooFewSignatures");
  assert.equal(await refusalOf({ ...block, signatures: ["0x01", "0x01", "0x01"] }, [asked]), "SignatureLength");
  const other = await blockOf([ping()]);
  assert.equal(await refusalOf({ ...other, entries: block.entries }, [asked]), "NotIncluded");
  assert.equal(await refusalOf({ ...other, entries: block.entries.map((entry) => ({ ...entry, siblings: [ZERO] })) }, [asked]), "NotIncluded");
});

test("weak point 2, checks commented out: every entrance checks the signatures itself", async () => {
  const { b } = world;
  const asked = forgery();
  const strangers = makeSigners("stranger", 3);
  const block = await blockOf([asked], { signers: strangers });
  const entrances: [string, readonly unknown[]][] = [
    ["execute", executeArgs(block, [asked])],
    ["cancel", [block.header, block.signatures, block.entries]],
    ["settle", [block.header, block.signatures, block.entries, ["0x"]]],
    ["rotate", [block.header, block.signatures, strangers.map(({ address }) => address), 3, 0, []]],
    ["execute", [block.header, block.signatures, [], []]],
  ];
  for (const [name, args] of entrances) assert.equal(await b.gateway.refusal(name, args), "NotValidator");
});

test("weak point 3, open invoke: a service takes calls from its gateway only, and rollback only with a proven receipt", async () => {
  const { a, b } = world;
  const call = [a.keys.vault, 1n, "mint", forgery().body.args];
  assert.equal(await b.vault.refusal("onRequest", call), "NotGateway");
  assert.equal(await b.data.refusal("onRequest", call), "NotGateway");
  const mined = await a.vault.done("lock", [b.keys.vault, thief(), 1000n, TIMEOUT_MS]);
  assert.equal(await a.vault.refusal("onReceipt", [b.keys.vault, 1n, STATUS.rollback, "0x"]), "NotGateway");
  assert.equal(await a.data.refusal("onReceipt", [b.keys.vault, 1n, STATUS.rollback, "0x"]), "NotGateway");
  assert.equal(await a.vault.refusal("claimRefund", [b.keys.vault, 1n]), "NotSettled");
  const [asked] = requestsOf(a, mined.events);
  assert.ok(asked);
  const facts: Facts = { ...asked.facts, status: STATUS.rollback, resultHash: keccak256("0x") };
  const forged = await attest(a.target, KIND.receipt, [facts], { signers: quorum.slice(0, 2) });
  assert.equal(await a.gateway.refusal("settle", settleArgs(forged, [{ facts, result: "0x" }])), "TooFewSignatures");
});

test("weak point 4, batch replay: an entry twice in a batch, or a batch sent again by anyone, executes once", async () => {
  const { a, b } = world;
  const mined = await a.vault.done("lock", [b.keys.vault, thief(), 1000n, TIMEOUT_MS]);
  const [asked] = requestsOf(a, mined.events);
  assert.ok(asked);
  const block = await blockOf([asked]);
  const twice = { ...block, entries: [...block.entries, ...block.entries, ...block.entries] };
  await b.gateway.done("execute", executeArgs(twice, [asked, asked, asked]));
  const again = await b.gateway.done("execute", executeArgs(block, [asked]), { sender: 2 });
  assert.deepEqual(again.events, []);
  const fresh = await execute(b, [asked]);
  assert.deepEqual(fresh.events, []);
  assert.equal((await balances(b, a, thief())).wrapped, 1000n);
});

test("weak point 5, ambiguous packing: moving a byte between func and arguments is another request", async () => {
  const shapes = [
    { func: "mint", args: ["0x0102"] }, { func: "min", args: ["0x740102"] }, { func: "mint", args: ["0x01", "0x02"] },
    { func: "mint", args: ["0x0102", "0x"] }, { func: "mint", args: [] }, { func: "mint\u0001\u0002", args: [] },
  ] as const;
  const bodies = shapes.flatMap((shape) => [false, true].map((isPrivate) => ({ ...shape, isPrivate, salt: ZERO })));
  assert.equal(new Set(bodies.map(bodyHash)).size, bodies.length);
  const { a, b } = world;
  for (const body of bodies) {
    for (const other of bodies) {
      const asked = makeRequest(a.target, a.keys.hostile, b.keys.hostile, 1n, body);
      const lie = { ...asked, body: { ...asked.body, ...other } };
      if (body === other || Math.abs(bodies.indexOf(body) - bodies.indexOf(other)) > 3) continue;
      assert.equal(await refusalOf(await blockOf([asked]), [lie]), "BodyMismatch");
    }
  }
});

test("weak point 5, no domain separator: an entry for another chain, contract, relay or kind is not included here", async () => {
  const { a, b } = world;
  const asked = forgery();
  const elsewhere = [
    await attest({ ...b.target, chain: a.target.chain }, KIND.request, [asked.facts]),
    await attest({ ...b.target, account: a.target.account }, KIND.request, [asked.facts]),
    await attest(b.target, KIND.receipt, [asked.facts]),
    await attest(b.target, KIND.cancel, [asked.facts]),
    await attest(b.target, 0, [asked.facts]),
  ];
  for (const block of elsewhere) assert.equal(await refusalOf(block, [asked]), "NotIncluded");
  const otherRelay = await blockOf([asked], { genesis: keccak256("0x07") });
  assert.equal(await refusalOf(otherRelay, [asked]), "NotValidator");
  const cancelBlock = await attest(b.target, KIND.request, [cancelFacts(asked)]);
  assert.equal(await b.gateway.refusal("cancel", [cancelBlock.header, cancelBlock.signatures, cancelBlock.entries]), "NotIncluded");
});

test("weak point 7, unregistered remote chain: a request of an unregistered source is never executed", async () => {
  const { b } = world;
  const stranger = makeRequest({ chain: keccak256("0x01"), account: keccak256("0x02") }, keccak256("0x03"), b.keys.vault, 1n, forgery().body);
  const forged = { ...stranger, body: { ...stranger.body, srcChain: keccak256("0x01"), srcContract: keccak256("0x02") } };
  const honest = { ...forged, facts: { ...forged.facts, requestHash: requestHash(forged.facts.from, forged.facts.to, 1n, forged.body) } };
  assert.deepEqual((await execute(b, [honest])).events.map(({ name }) => name), ["Skipped"]);
});

test("signatures: one fewer than the threshold, one signer twice, wrong order, a stranger, high s, v and zeros are refused", async () => {
  const asked = forgery();
  const block = await blockOf([asked]);
  const [one, two, three] = block.signatures as [Hex, Hex, Hex];
  const tries: [readonly Hex[], string][] = [
    [[one, two], "TooFewSignatures"],
    [[one, two, two], "SignersNotAscending"],
    [[one, one, two, three], "SignersNotAscending"],
    [[two, one, three], "SignersNotAscending"],
    [[one, two, mirrored(three)], "SignatureHighS"],
    [[one, two, `${three.slice(0, 130)}00` as Hex], "SignatureV"],
    [[one, two, three.slice(0, 130) as Hex], "SignatureLength"],
    [[one, two, `${three}00` as Hex], "SignatureLength"],
    [[`0x${"00".repeat(64)}1b`, one, two], "SignatureInvalid"],
    [[`0x${"ff".repeat(32)}${"00".repeat(31)}011c`, one, two], "SignatureInvalid"],
  ];
  for (const [signatures, expected] of tries) assert.equal(await refusalOf({ ...block, signatures }, [asked]), expected);
  const [stranger] = makeSigners("stranger", 1);
  assert.ok(stranger);
  const mixed = [...quorum.slice(0, 2), stranger].sort((x, y) => (BigInt(x.address) < BigInt(y.address) ? -1 : 1));
  assert.equal(await refusalOf(await blockOf([asked], { signers: mixed }), [asked]), "NotValidator");
  const all = await blockOf([asked], { signers: validators });
  assert.equal(await refusalOf(all, [asked]), null);
});

test("signatures: a changed header is another digest, a wrong epoch lapses", async () => {
  const asked = forgery();
  const block = await blockOf([asked]);
  for (const change of [{ height: block.header.height + 1n }, { tick: 0n }, { prevHash: keccak256("0x01") }]) {
    const refusal = await refusalOf({ ...block, header: { ...block.header, ...change } }, [asked]);
    assert.ok(["NotValidator", "SignersNotAscending", "SignatureInvalid"].includes(refusal ?? ""), String(refusal));
  }
  for (const epoch of [0n, 2n]) assert.equal(await refusalOf(await blockOf([asked], { epoch }), [asked]), "WrongEpoch");
});

test("inclusion: an inner node is no leaf, padding is no entry, a position beyond the tree is refused", async () => {
  const { b } = world;
  const facts = [1n, 2n, 3n].map((index) => ping(index).facts);
  const block = await attest(b.target, KIND.request, facts);
  const [first] = block.entries;
  assert.ok(first);
  const bad = [
    { ...first, position: 4 }, { ...first, position: 1 }, { ...first, position: 2 ** 32 - 1 },
    { ...first, siblings: first.siblings.slice(1) }, { ...first, siblings: [...first.siblings, ZERO] },
    { ...first, siblings: [...first.siblings].reverse() }, { ...first, siblings: Array.from({ length: 40 }, () => ZERO) },
  ];
  for (const entry of bad) assert.equal(await refusalOf({ ...block, entries: [entry] }, [ping()]), "NotIncluded");
});

test("rotation: a request leaf cannot pass as a validator set, nor a set as a request", async () => {
  const { b } = world;
  const next = makeSigners("thief", 4).map(({ address }) => address);
  const request = await blockOf([forgery()]);
  assert.equal(await b.gateway.refusal("rotate", [request.header, request.signatures, next, 3, 0, []]), "NotIncluded");
  const { root } = treeOf([validatorsLeaf(GENESIS, 2n, next, 3)]);
  const header = { ...request.header, entriesRoot: root };
  const signatures = await signAll(digestOf(GENESIS, header), quorum);
  assert.equal(await refusalOf({ header, signatures, entries: request.entries }, [forgery()]), "NotIncluded");
});

test("commit and rollback both: the destination's first word is the only one", async () => {
  const { a, b } = world;
  const asked = requestsOf(a, (await a.vault.done("lock", [b.keys.vault, thief(), 1000n, TIMEOUT_MS])).events);
  const done = receiptsOf((await execute(b, asked)).events);
  assert.deepEqual((await cancel(b, asked)).events, []);
  await settle(a, done);
  const [receipt] = done;
  assert.ok(receipt);
  const lie = { ...receipt, facts: { ...receipt.facts, status: STATUS.rollback } };
  assert.deepEqual((await settle(a, [lie])).events, []);
  assert.equal(await a.vault.refusal("claimRefund", [b.keys.vault, 1n]), "NothingPending");

  const second = requestsOf(a, (await a.vault.done("lock", [b.keys.vault, thief(), 1000n, TIMEOUT_MS])).events);
  const cancelled = receiptsOf((await cancel(b, second)).events);
  assert.deepEqual((await execute(b, second)).events, []);
  const both = await settle(a, [...cancelled, ...cancelled.map((each) => ({ ...each, facts: { ...each.facts, status: STATUS.success } }))]);
  assert.equal(both.events.filter(({ name }) => name === "Settled").length, 1);
  assert.equal((await balances(b, a, thief())).wrapped, 1000n);
  assert.equal((await balances(a, b, thief())).locked, 1000n);
});

test("gas griefing: no amount of gas makes a call that would succeed a FAILURE", async () => {
  const { b } = world;
  const { snapshot, restore } = snapshots();
  let succeeded = 0;
  let stopped = 0;
  for (let gas = 60_000n; gas < 900_000n; gas += 20_000n) {
    await snapshot();
    const asked = ping();
    const mined = await b.gateway.send("execute", executeArgs(await blockOf([asked]), [asked]), { gas });
    const receipt = receiptsOf(mined.events)[0];
    if (receipt === undefined) assert.equal(await b.gateway.read("receiptHash", [asked.facts.from, asked.facts.to, 1n]), ZERO);
    else assert.equal(receipt.facts.status, STATUS.success);
    if (receipt !== undefined) ++succeeded;
    if (mined.events.some(({ name }) => name === "BatchStopped")) ++stopped;
    await restore();
  }
  assert.ok(succeeded > 5 && stopped > 5, `${succeeded} ${stopped}`);
});

test("gas griefing: no amount of gas makes a callback that would succeed fail", async () => {
  const { a, b } = world;
  // Costly enough that the 64th part kept by the caller would suffice to finish the transaction after a starved callback.
  await a.govern([a.gateway.data("registerLocalService", [a.ids.hostile, a.hostile.address, 3_000_000n, true, false])]);
  await a.hostile.done("become", [MODE.work, thief(), "0x"]);
  const asked = requestsOf(a, (await a.hostile.done("ask", [b.keys.hostile, "echo", [], TIMEOUT_MS])).events);
  const receipts = receiptsOf((await cancel(b, asked)).events);
  const { snapshot, restore } = snapshots(a.chain.rpc);
  let settledTimes = 0;
  for (let gas = 2_400_000n; gas < 3_600_000n; gas += 25_000n) {
    await snapshot();
    const block = await attest(a.target, KIND.receipt, receipts.map(({ facts }) => facts));
    const mined = await a.gateway.send("settle", settleArgs(block, receipts), { gas });
    assert.ok(!mined.events.some(({ name }) => name === "CallbackFailed"), String(gas));
    if (mined.events.some(({ name }) => name === "Settled")) ++settledTimes;
    await restore();
  }
  assert.ok(settledTimes > 5);
});

test("gas: a service that burns all its gas costs its own callGas, and the rest of the batch goes on", async () => {
  const { a, b } = world;
  await become(MODE.burn);
  const mint = forgery();
  const mined = await execute(b, [ping(), mint]);
  assert.deepEqual(receiptsOf(mined.events).map(({ facts }) => facts.status), [STATUS.failure, STATUS.success]);
  assert.ok(mined.gasUsed < CALL_GAS + 500_000n, String(mined.gasUsed));
  assert.equal(await a.gateway.read("paused"), false);
});

test("return bomb: at most the maximum of result bytes is copied, of answers and of reverts", async () => {
  const { b } = world;
  for (const [mode, status] of [[MODE.returnBomb, STATUS.success], [MODE.revertBomb, STATUS.failure]] as const) {
    await become(mode);
    const index = BigInt(mode) - 2n;
    const mined = await execute(b, [ping(index)]);
    const [receipt] = receiptsOf(mined.events);
    assert.equal(receipt?.facts.status, status);
    assert.equal((receipt?.result.length ?? 0) / 2 - 1, LIMITS.maxResultBytes);
    assert.ok(mined.gasUsed < 700_000n, String(mined.gasUsed));
  }
});

test("return bomb: an answer that is no ABI bytes counts as an empty result", async () => {
  await become(MODE.garbage);
  const [receipt] = receiptsOf((await execute(world.b, [ping()])).events);
  assert.deepEqual([receipt?.facts.status, receipt?.result], [STATUS.success, "0x"]);
});

test("return bomb: a callback that returns or reverts with much does not stop the batch", async () => {
  const { a, b } = world;
  for (const mode of [MODE.returnBomb, MODE.revertBomb, MODE.burn, MODE.revert]) {
    const asked = requestsOf(a, (await a.hostile.done("ask", [b.keys.hostile, "echo", [], TIMEOUT_MS])).events);
    asked.push(...requestsOf(a, (await a.vault.done("lock", [b.keys.vault, thief(), 7n, TIMEOUT_MS])).events));
    const receipts = receiptsOf((await cancel(b, asked)).events);
    await a.hostile.done("become", [mode, thief(), "0x"]);
    const mined = await settle(a, receipts);
    assert.equal(mined.events.filter(({ name }) => name === "Settled").length, 2);
    assert.equal(mined.events.filter(({ name }) => name === "CallbackFailed").length, mode === MODE.returnBomb ? 0 : 1);
    assert.equal(mined.events.filter(({ name }) => name === "Refunded").length, 1);
  }
});

test("re-entry: a service called by the gateway gets into no entrance of it again", async () => {
  const { a, b } = world;
  const mint = forgery();
  const block = await blockOf([mint]);
  const payloads: [string, readonly unknown[]][] = [
    ["execute", executeArgs(block, [mint])],
    ["cancel", [block.header, block.signatures, block.entries]],
    ["settle", [block.header, block.signatures, [], []]],
    ["rotate", [block.header, block.signatures, [], 1, 0, []]],
    ["request", [a.keys.hostile, "echo", [], TIMEOUT_MS, 0]],
    ["governed", [[], []]],
  ];
  let index = 0n;
  for (const [name, args] of payloads) {
    await become(MODE.reenter, b.gateway.address, b.gateway.data(name, args));
    await execute(b, [ping(++index)]);
    assert.equal(await b.hostile.read("innerDone"), false, name);
    assert.equal(await b.hostile.read("innerAnswer"), errorSelector(b.gateway.abi, "Reentered"), name);
  }
  assert.equal(await b.hostile.read("calls"), index);
});

test("stolen callback: a body cannot choose the contract or the function that is called", async () => {
  const { a, b } = world;
  const transfer = b.token.data("transfer", [thief(), 1n]);
  for (const func of ["onReceipt", "transfer", transfer, "mint(address,uint256)", ""]) {
    const asked = makeRequest(a.target, a.keys.vault, b.keys.vault, BigInt(func.length) + 1n, { func, args: forgery().body.args });
    const [receipt] = receiptsOf((await execute(b, [asked])).events);
    assert.equal(receipt?.facts.status, STATUS.failure, func);
  }
  assert.equal((await balances(b, a, thief())).wrapped, 0n);
  assert.equal((await balances(b, a, thief())).home, 0n);
});

test("stolen callback: a peer that the vault does not list cannot mint, though governance allowed the pair", async () => {
  const { a, b } = world;
  await b.govern([b.gateway.data("allowPair", [a.keys.hostile, b.keys.vault])]);
  const asked = makeRequest(a.target, a.keys.hostile, b.keys.vault, 1n, forgery().body);
  const [receipt] = receiptsOf((await execute(b, [asked])).events);
  assert.equal(receipt?.facts.status, STATUS.failure);
  assert.ok(receipt.result.startsWith(errorSelector(b.vault.abi, "NotPeer")));
});

test("the leaf of this test is the leaf of the contract, word by word", async () => {
  const asked = forgery();
  const { a, b } = world;
  const head = [KIND.request, GENESIS, b.target.chain, b.target.account, a.keys.vault, b.keys.vault, 1, asked.facts.requestHash, 0, ZERO];
  const words = head.map((each) => (typeof each === "number" ? toHex(each, { size: 32 }) : each));
  assert.equal(keccak256(concat(["0x00", ...words])), leafOf(GENESIS, b.target, KIND.request, asked.facts));
  assert.equal(keccak256(stringToHex("1:a:vault")), a.keys.vault);
  assert.equal(await refusalOf(await blockOf([asked]), [asked]), null);
});

function mirrored(signature: Hex): Hex {
  const s = BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.endsWith("1b") ? "1c" : "1b";
  return `${signature.slice(0, 66)}${(ORDER - s).toString(16).padStart(64, "0")}${v}` as Hex;
}

function snapshots(rpc = world.b.chain.rpc): { snapshot: () => Promise<void>; restore: () => Promise<void> } {
  let id: unknown;
  return {
    snapshot: async () => { id = await rpc("evm_snapshot"); },
    restore: async () => { await rpc("evm_revert", [id]); },
  };
}
