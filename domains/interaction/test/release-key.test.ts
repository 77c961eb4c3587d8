import assert from "node:assert/strict";
import { test } from "node:test";
import { makeCrypto } from "@crossguardian/crypto";
import { CodedError, fromHex, toHex, utf8 } from "@crossguardian/kernel";
import { openIbtp } from "@crossguardian/protocol";
import { batchContent, decodeMessage, decodePayload, ibtpHashInput, privateCall } from "@crossguardian/wire";
import { VAULT_A, VAULT_B, World } from "./world.ts";

const CALL = { func: "get", args: [utf8("key of a record")], salt: new Uint8Array(32).fill(7) };
const crypto = await makeCrypto();
const once = new Uint8Array(32).fill(5);

/** A world in which one private request was carried, its IBTP, and the question for its key. */
const carried = async () => {
  const world = await World.create({});
  for (const name of ["gwA", "gwB"]) await world.startGateway(name);
  await world.givePrivateBody("gwA", CALL);
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, CALL, 60_000n);
  world.run(12_000);
  const bytes = world.relay.published.flatMap(({ content }) => {
    const batch = decodeMessage(batchContent, content);
    return batch.ok ? batch.value.entries.map(({ ibtp }) => ibtp) : [];
  });
  const opened = bytes.map(openIbtp).flatMap((each) => (each.ok && each.value.encrypted && each.value.type === 0 ? [each.value] : []))[0]!;
  const { extra, ibtp } = opened;
  const requestHash = [...world.chains["chainA"]!.commitments.values()][0]!;
  const question = {
    from: ibtp.from, to: ibtp.to, index: ibtp.index.toString(), type: "0", suite: extra.suite, keyEpochFrom: extra.keyEpochFrom.toString(), keyEpochTo: extra.keyEpochTo.toString(),
    salt: toHex(requestHash), receiver: toHex(crypto.x25519.publicKey(once)),
  };
  const ask = (gateway: string, changed: Partial<typeof question> = {}): { readonly id: string; readonly sealed: string } =>
    world.gateways[gateway]!.interaction.releaseKey(JSON.stringify({ ...question, ...changed })) as { readonly id: string; readonly sealed: string };
  const open = (sealed: string): Uint8Array | null => {
    const payload = decodePayload(ibtp.payload);
    const key = crypto.openSealed(once, fromHex(sealed));
    return payload.ok && key !== null ? crypto.aead.open(extra.suite, key, new Uint8Array(12), payload.value.content, ibtpHashInput({ ...ibtp, payload: new Uint8Array(0) })) : null;
  };
  return { question, ask, open };
};

test("either gateway releases the key of one message, which opens that body, to nobody but the holder of the box key", async () => {
  const { ask, open } = await carried();
  for (const gateway of ["gwA", "gwB"]) {
    const { sealed } = ask(gateway);
    const plaintext = open(sealed)!;
    const call = decodeMessage(privateCall, plaintext);
    assert.deepEqual(call.ok ? [call.value.func, call.value.args] : call.failure, [CALL.func, CALL.args]);
    assert.equal(crypto.openSealed(new Uint8Array(32).fill(6), fromHex(sealed)), null);
  }
});

test("the key of another index, direction or salt opens nothing, and one of an earlier epoch is refused", async () => {
  const { ask, open, question } = await carried();
  for (const changed of [{ index: "2" }, { type: "1" }, { salt: "00".repeat(32) }]) assert.equal(open(ask("gwB", changed).sealed), null);
  assert.throws(() => ask("gwB", { keyEpochTo: "9" }), (error) => error instanceof CodedError && error.code === "interaction.body.epoch");
  const isMalformed = (error: unknown): boolean => error instanceof CodedError && error.code === "interaction.body.question";
  for (const changed of [{ index: "-1" }, { type: "7" }, { salt: "00" }, { receiver: "xy" }, { from: "nobody" }, { suite: "x".repeat(40) }]) assert.throws(() => ask("gwB", changed), isMalformed, JSON.stringify(changed));
  assert.equal(question.type, "0");
});
