import assert from "node:assert/strict";
import { test } from "node:test";
import { makeEntriesTree } from "@crossguardian/protocol";
import { type GatewayEvent } from "@crossguardian/proof";
import { encodeMessage, ENTRY_KIND, fabricTogether, type Message, MESSAGES, SUBMIT_CALL, TX_STATUS } from "@crossguardian/wire";
import { powers } from "../src/powers.ts";
import { sendTogether, signAll } from "./support/memory-side.ts";
import { idsOf, makeMemoryWorld, relayGenesis, validatorKeys } from "./support/memory-world.ts";

const ZERO32 = new Uint8Array(32);
const TIMEOUT_MS = 60_000n;
const { hashes } = powers;
const world = await makeMemoryWorld();
const [, channelB] = world.channels;
let height = 0n;

/** The request of a lock, as the relay chain attests it in a block of its own. */
const executionOf = (events: readonly GatewayEvent[]): Message<"submit"> => {
  const { a, b } = world;
  const [event] = events;
  assert.ok(event?.type === "request");
  const { index, requestHash, timeoutMs, priority, isPrivate, func, args } = event;
  const entry = { from: idsOf("a").vault, to: idsOf("b").vault, index, requestHash, status: TX_STATUS.begin, resultHash: ZERO32 };
  const tree = makeEntriesTree(hashes, [hashes.leaf(relayGenesis, b.target, { ...entry, kind: ENTRY_KIND.request })]);
  height += 1n;
  const header = { epoch: 1n, height, prevHash: ZERO32, tickMs: 1n, entriesRoot: tree.root };
  const body = { srcChain: a.target.chain, srcContract: a.target.contract, timeoutMs, priority, isPrivate, salt: ZERO32, func, args };
  return {
    chain: "b", id: height, call: SUBMIT_CALL.execute, attestation: { header, signatures: signAll(hashes.blockDigest(relayGenesis, header), validatorKeys.slice(0, 3)) },
    entries: [{ ...entry, position: 0, siblings: tree.siblings(0) }], bodies: [body], results: [],
  };
};

const lock = async (): Promise<Message<"submit">> => executionOf(await world.a.lock(idsOf("b").vault, world.b.receiver, 10n, TIMEOUT_MS));

test("submissions of several relay blocks are taken in one transaction, and one that is refused undoes nothing but itself", async () => {
  await world.reset();
  const [first, forged, third] = [await lock(), await lock(), await lock()];
  const [body] = forged.bodies;
  assert.ok(body !== undefined);
  const { events, reasons } = await sendTogether(channelB, [first, { ...forged, bodies: [{ ...body, func: "release" }] }, third]);
  assert.deepEqual(reasons.map((each) => each.split(" ")[0]), ["", "BodyMismatch", ""]);
  assert.deepEqual(events.map(({ type, index }) => [type, index]), [["receipt", 1n], ["receipt", 3n]]);
  assert.equal((await world.b.balances(idsOf("a").vault, world.b.receiver)).wrapped, 20n);
  const again = await sendTogether(channelB, [first, forged]);
  assert.deepEqual([again.reasons, again.events.map(({ index }) => index)], [["", ""], [2n]]);
  assert.equal((await world.b.balances(idsOf("a").vault, world.b.receiver)).wrapped, 30n);
});

test("too few signatures over one block refuse its submission, not those of the others", async () => {
  await world.reset();
  const [first, second] = [await lock(), await lock()];
  const weak = { ...first, attestation: { ...first.attestation, signatures: first.attestation.signatures.slice(0, 2) } };
  const { events, reasons } = await sendTogether(channelB, [weak, second]);
  assert.deepEqual([reasons, events.map(({ index }) => index)], [["TooFewSignatures", ""], [2n]]);
});

test("bytes that are no list of submissions are refused, and of a list each that is no submission", async () => {
  await world.reset();
  await assert.rejects(channelB.call("gateway:together", [""], { raw: new Uint8Array(5).fill(255) }), /ArgumentsInvalid/u);
  const contents = [new Uint8Array(9).fill(255), encodeMessage(MESSAGES.submit.codec, await lock())];
  const { answer } = await channelB.call("gateway:together", [""], { raw: encodeMessage(fabricTogether, contents) });
  assert.deepEqual(JSON.parse(answer), ["ArgumentsInvalid", ""]);
});
