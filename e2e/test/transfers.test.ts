import assert from "node:assert/strict";
import { after, test } from "node:test";

import { dataServiceAbi, gatewayAbi } from "@crossguardian/contracts-evm";
import { equalBytes, fromHex, to0x, utf8 } from "@crossguardian/kernel";
import { makeEntriesTree } from "@crossguardian/protocol";
import { cidOf, cidText, decodeBxh, decodeContent, decodeIbtpExtra, decodePayload, ENTRY_KIND } from "@crossguardian/wire";
import { dataOf, type House, judgeWorld, keyOf, sendAssets, sendDoomed, sendRetrievals, type Sent, startHouse, vaultOf, type World } from "@crossguardian/world";
import { encodeFunctionData, type Hex, zeroHash } from "viem";

import { startArchive } from "./support/archive-house.ts";
import { burnCall, contractsOf, homeBalance, lockCall, pauseGateway, readContract, runGoverned, userOn, wrappedBalance } from "./support/calls.ts";
import { awaitOutcome, outcomeNow, STATUS } from "./support/outcome.ts";
import { askBodies, readBlocks } from "./support/relay-blocks.ts";
import { askWhenUp, missingPart, startTestWorld, until } from "./support/with-world.ts";

const SETTLE_MS = 45_000;
const LONG_MS = 120_000n;
const SHORT_MS = 4_000n;
const AMOUNT = 7n * 10n ** 18n;
const RECEIVER: Hex = `0x${"5e".repeat(20)}`;

let world: World;
let end: () => Promise<void> = async () => undefined;
const extraHouses: House[] = [];

const settle = async (transactions: readonly string[]): ReturnType<typeof judgeWorld> => {
  for (const transaction of transactions) await awaitOutcome(world, transaction, SETTLE_MS);
  return judgeWorld(world);
};

const clean = (verdict: Awaited<ReturnType<typeof judgeWorld>>): void => {
  assert.deepEqual(verdict.complaints, []);
  assert.equal(verdict.lost, 0);
  assert.equal(verdict.duplicated, 0);
};

const contains = (bytes: Uint8Array, words: string): boolean => Buffer.from(bytes).includes(words);

/** The body that the destination's contract is given, made again from the bxh transaction that the relay chain keeps. */
const callBodyOf = (bxhBytes: Uint8Array): unknown => {
  const bxh = decodeBxh(bxhBytes);
  assert.ok(bxh.ok && bxh.value.ibtp !== null);
  const extra = decodeIbtpExtra(bxh.value.ibtp.extra);
  const payload = decodePayload(bxh.value.ibtp.payload);
  assert.ok(extra.ok && payload.ok);
  const content = decodeContent(payload.value.content);
  assert.ok(content.ok);
  const { srcChain, srcContract, timeoutMs, priority, isPrivate } = extra.value;
  return {
    srcChain: to0x(srcChain), srcContract: to0x(srcContract), timeoutMs, priority, isPrivate, salt: zeroHash,
    func: content.value.func, args: content.value.args.map((each) => to0x(each)),
  };
};

/** The execute call anybody can make of what the relay chain attested for a request. */
const executeData = async (gateway: string, from: string, to: string, index: bigint): Promise<Hex> => {
  for (const block of await readBlocks(world, gateway)) {
    const entry = block.entries.find(({ facts }) => facts.kind === ENTRY_KIND.request && facts.from === from && facts.to === to && facts.index === index);
    if (entry === undefined) continue;
    const { epoch, height, prevHash, tickMs, entriesRoot } = block.attestation.header;
    const header = { epoch, height, prevHash: to0x(prevHash), tick: tickMs, entriesRoot: to0x(entriesRoot) };
    const { facts, position } = entry;
    const entries = [{
      from: keyOf(world, facts.from), to: keyOf(world, facts.to), index: facts.index, requestHash: to0x(facts.requestHash), status: facts.status,
      resultHash: to0x(facts.resultHash), position, siblings: makeEntriesTree(world.hashes, block.leaves).siblings(position).map((each) => to0x(each)),
    }];
    const signatures = block.attestation.signatures.map((each) => to0x(each));
    return encodeFunctionData({ abi: gatewayAbi, functionName: "execute", args: [header, signatures, entries, [callBodyOf(entry.body)]] as never }); // shapes as the ABI has them
  }
  throw new Error("the relay chain has no such request");
};

test("transfers through two gateways in jails", { skip: missingPart, timeout: 240_000 }, async (t) => {
  ({ world, end } = await startTestWorld());

  await t.test("assets go both ways and come home again", async () => {
    const sent: Sent[] = [];
    await sendAssets(world, 6, (one) => sent.push(one));
    const [user] = world.users;
    assert.ok(user);
    const lock = await userOn(world, "A", 1).run([lockCall(world, "A", "C", { receiver: user.address, amount: AMOUNT, timeoutMs: LONG_MS })]);
    const before = await homeBalance(world, "A", RECEIVER);
    const there = [...sent.map((one) => one.transaction), ...lock.map((each) => each.transactionHash)];
    clean(await settle(there));
    const held = await wrappedBalance(world, "C", "A", user.address);
    const burn = await userOn(world, "C", 0).run([burnCall(world, "C", "A", { receiver: RECEIVER, amount: AMOUNT, timeoutMs: LONG_MS })]);
    const verdict = await settle(burn.map((each) => each.transactionHash));
    clean(verdict);
    assert.equal(verdict.committed, 8);
    assert.equal(await homeBalance(world, "A", RECEIVER), before + AMOUNT);
    assert.equal(await wrappedBalance(world, "C", "A", user.address), held - AMOUNT);
  });

  await t.test("a private retrieval is answered, and neither question nor answer can be read on the relay chain", async () => {
    const sent: Sent[] = [];
    await sendRetrievals(world, (one) => sent.push(one));
    clean(await settle(sent.map((one) => one.transaction)));
    for (const [from, to, answer] of [["A", "C", "21 C, clear"], ["C", "A", "1024.50"]] as const) {
      const said = await readContract(world, from, contractsOf(world, from).data, dataServiceAbi, "answerOf", [keyOf(world, dataOf(to)), 1n]);
      assert.deepEqual(said, [STATUS.success, to0x(utf8(answer))]);
    }
    const blocks = [...(await readBlocks(world, "gateway-a")), ...(await readBlocks(world, "gateway-b"))];
    const bodies = blocks.flatMap(({ entries }) => entries).filter(({ facts }) => facts.from === dataOf("A") || facts.from === dataOf("C"));
    assert.equal(bodies.length, 4);
    for (const { body } of bodies) {
      assert.ok(body.length > 100);
      for (const word of ["weather", "price", "21 C", "1024.5"]) assert.ok(!contains(body, word), `the relay chain shows "${word}"`);
    }
  });

  await t.test("a call that fails on the destination, and a private one whose body never comes, roll back", async () => {
    const sent: Sent[] = [];
    await sendDoomed(world, (one) => sent.push(one));
    const verdict = await settle(sent.map((one) => one.transaction));
    clean(verdict);
    assert.equal(verdict.rolledBack, 2);
    const statuses = await Promise.all(sent.map(async (one) => (await outcomeNow(world, one.transaction))?.settled.map((each) => each.status)));
    assert.deepEqual(statuses, [[STATUS.failure], [STATUS.rollback]]);
  });

  await t.test("what the relay chain ordered is stored as a bxh transaction under its content id", async () => {
    const blocks = await readBlocks(world, "gateway-b");
    const entry = blocks.flatMap(({ entries }) => entries).find(({ facts }) => facts.kind === ENTRY_KIND.request && facts.from === vaultOf("A") && facts.index === 1n);
    assert.ok(entry);
    assert.ok(equalBytes(cidOf(world.crypto.sha256, entry.body), entry.cid), cidText(entry.cid));
    const [again] = await askBodies(world, [entry.cid]);
    assert.ok(again !== undefined && equalBytes(again, entry.body));
    const bxh = decodeBxh(again);
    assert.ok(bxh.ok && bxh.value.ibtp !== null);
    assert.deepEqual([bxh.value.ibtp.from, bxh.value.ibtp.to, bxh.value.ibtp.index], [vaultOf("A"), vaultOf("C"), 1n]);
    const args = [keyOf(world, vaultOf("A")), keyOf(world, vaultOf("C")), 1n];
    const [commitment] = (await readContract(world, "A", contractsOf(world, "A").gateway, gatewayAbi, "requestState", args)) as readonly [Hex];
    const extra = decodeIbtpExtra(bxh.value.ibtp.extra);
    assert.ok(extra.ok && equalBytes(extra.value.requestHash, fromHex(commitment)));
  });

  await t.test("an asset transfer that times out at a paused destination is paid back, and nothing executes it afterwards", async () => {
    await pauseGateway(world, "C");
    const user = userOn(world, "A", 1);
    const before = await homeBalance(world, "A", user.address);
    const minted = await wrappedBalance(world, "C", "A", RECEIVER);
    const lock = await user.run([lockCall(world, "A", "C", { receiver: RECEIVER, amount: AMOUNT, timeoutMs: SHORT_MS })]);
    assert.equal(await homeBalance(world, "A", user.address), before - AMOUNT);
    const [receipt] = lock;
    assert.ok(receipt);
    const { request, settled } = await awaitOutcome(world, receipt.transactionHash, SETTLE_MS);
    assert.deepEqual(settled.map((each) => each.status), [STATUS.rollback]);
    assert.equal(await homeBalance(world, "A", user.address), before);
    await runGoverned(world, "C", [encodeFunctionData({ abi: gatewayAbi, functionName: "unpause" })]);
    const data = await executeData("gateway-b", vaultOf("A"), vaultOf("C"), request.index);
    const [execution] = await userOn(world, "C", 2).run([{ to: contractsOf(world, "C").gateway, data, gas: 2_000_000n }]);
    assert.deepEqual(execution?.logs, []);
    assert.equal(await wrappedBalance(world, "C", "A", RECEIVER), minted);
    const next = await user.run([lockCall(world, "A", "C", { receiver: RECEIVER, amount: 1n, timeoutMs: LONG_MS })]);
    clean(await settle(next.map((each) => each.transactionHash)));
    assert.equal(await wrappedBalance(world, "C", "A", RECEIVER), minted + 1n);
  });

  await t.test("with a body gone from the orderer the transfer waits, and completes when a peer serves it", async () => {
    const [relay, gateway] = [world.houses.get("relay"), world.houses.get("gateway-b")];
    assert.ok(relay && gateway);
    const archive = await startArchive(world);
    extraHouses.push(archive);
    await gateway.stop();
    const [lock] = await userOn(world, "A", 1).run([lockCall(world, "A", "C", { receiver: RECEIVER, amount: AMOUNT, timeoutMs: LONG_MS })]);
    assert.ok(lock);
    const index = (await outcomeNow(world, lock.transactionHash))?.request.index;
    let cid: Uint8Array = new Uint8Array();
    await until("the request to be ordered", SETTLE_MS, async () => {
      const blocks = await readBlocks(world, "gateway-b");
      const found = blocks.flatMap(({ entries }) => entries).find(({ facts }) => facts.kind === ENTRY_KIND.request && facts.from === vaultOf("A") && facts.index === index);
      cid = found?.cid ?? cid;
      return found !== undefined;
    });
    await until("the archive to have every body", SETTLE_MS, async () => {
      const [here, there] = (await Promise.all([askWhenUp(archive, "archive", "status"), askWhenUp(relay, "orderer", "status")])) as { height: unknown; missing?: number }[];
      return here?.missing === 0 && String(here.height) === String(there?.height);
    });
    await archive.stop();
    const deleted = (await relay.ask("orderer", "delete-body", Buffer.from(cid).toString("hex"))) as { readonly wasThere: boolean };
    assert.equal(deleted.wasThere, true);
    const restarted = await startHouse(gateway.spec);
    extraHouses.push(restarted);
    await until("gateway B to miss the body", SETTLE_MS, async () => {
      const status = (await askWhenUp(restarted, "interaction", "status")) as { readonly stages: Readonly<Record<string, { readonly open: number; readonly oldestMs: number }>> };
      const waiting = status.stages["execute.waitBody"];
      return waiting?.open === 1 && waiting.oldestMs > 2_000;
    });
    assert.deepEqual((await outcomeNow(world, lock.transactionHash))?.receipts, []);
    extraHouses.push(await startArchive(world));
    clean(await settle([lock.transactionHash]));
  });
});

after(async () => {
  for (const house of extraHouses.reverse()) await house.stop();
  await end();
});
