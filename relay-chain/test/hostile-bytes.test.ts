import assert from "node:assert/strict";
import { type Duplex } from "node:stream";
import test from "node:test";
import fc from "fast-check";
import { encodeFrameHeader, encodeMessage, MESSAGES, type MessageName } from "@crossguardian/wire";
import { connectClient, startCluster, until, withFolder } from "./support/test-cluster.ts";
import { makeTestWorld } from "./support/test-world.ts";

const world = await makeTestWorld();
const NAMES = Object.keys(MESSAGES) as MessageName[];

const frame = (stream: Duplex, name: MessageName, payload: Uint8Array): void => {
  if (stream.destroyed) return;
  stream.write(encodeFrameHeader(MESSAGES[name].number, 0, payload.length));
  stream.write(payload);
};

const hello = (role: 1 | 2 | 3): Uint8Array =>
  encodeMessage(MESSAGES.relayHello.codec, { role, name: "g1", height: 0n, signature: new Uint8Array(65) });

const samples = async (): Promise<readonly (readonly [MessageName, Uint8Array])[]> => {
  const request = world.request(1n);
  const block = world.sides.a.chain.mine([request.log]);
  const evidence = block.evidence([0]);
  const publish = world.publish({
    batchId: 1n,
    evidences: [{ chain: "chainA", height: block.height, evidence }],
    entries: [{ ibtp: world.requestIbtp(request, block, evidence), evidence: 0, tx: 0, log: 0 }],
  });
  return [
    ["publish", publish],
    ["registration", world.registration(world.document(1n))],
    ["relayHello", hello(1)],
    ["wantBlocks", encodeMessage(MESSAGES.wantBlocks.codec, { from: 1n })],
    ["wantBodies", encodeMessage(MESSAGES.wantBodies.codec, { cids: [new Uint8Array(36), new Uint8Array(0), new Uint8Array(5)] })],
    ["vote", encodeMessage(MESSAGES.vote.codec, { height: 1n, hash: new Uint8Array(32), signature: new Uint8Array(65) })],
  ];
};

test("no bytes on a connection stop the orderer: they are refused, and honest clients are still served", async () => {
  await withFolder(async (folder) => {
    const cluster = await startCluster(world, folder);
    const known = await samples();
    const rounds = fc.sample(
      fc.record({
        how: fc.integer({ min: 0, max: 3 }),
        role: fc.constantFrom<(1 | 2 | 3)[]>(1, 2, 3),
        name: fc.constantFrom(...NAMES),
        sample: fc.nat({ max: known.length - 1 }),
        bytes: fc.uint8Array({ maxLength: 300 }),
        at: fc.nat({ max: 5000 }),
        xor: fc.integer({ min: 1, max: 255 }),
      }),
      { numRuns: 400, seed: 7 },
    );
    for (const { how, role, name, sample, bytes, at, xor } of rounds) {
      const stream = cluster.orderer.connect();
      stream.on("error", () => undefined);
      stream.resume();
      if (how > 0) frame(stream, "relayHello", hello(role));
      if (how <= 1) stream.write(bytes);
      else if (how === 2) frame(stream, name, bytes);
      else {
        const [kind, payload] = known[sample]!;
        const changed = payload.slice();
        const place = at % changed.length;
        changed[place] = changed[place]! ^ xor;
        frame(stream, kind, changed);
      }
      await new Promise((resolve) => setImmediate(resolve));
      stream.destroy();
    }
    assert.equal(cluster.lines.some(({ event }) => event === "failed"), false);
    const client = await connectClient(cluster.orderer, "g1");
    await until("served", () => client.got.some(({ name }) => name === "block"));
    await cluster.stop();
  });
});

test("no message of an orderer stops a validator", async () => {
  await withFolder(async (folder) => {
    const cluster = await startCluster(world, folder);
    const known = await samples();
    const { validator } = cluster.validators[0]!;
    const closed: string[] = [];
    const link = {
      send: () => true,
      sendEncoded: () => true,
      sendParts: () => true,
      queuedBytes: () => 0,
      close: (code: string) => {
        closed.push(code);
      },
    };
    const handlers = validator.handlersFor(() => link);
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const header = fc.record({
      epoch: fc.bigInt({ min: 0n, max: 3n }),
      height: fc.bigInt({ min: 0n, max: 4n }),
      prevHash: fc.oneof(hash, fc.constant(validator.head().hash)),
      tickMs: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constant(BigInt(Date.now()))),
      entriesRoot: hash,
    });
    const signatures = fc.array(fc.uint8Array({ minLength: 65, maxLength: 65 }), { maxLength: 5 });
    const facts = fc.record({
      kind: fc.constantFrom<(1 | 2 | 3 | 4 | 5)[]>(1, 2, 3, 4, 5),
      from: fc.constantFrom(world.services.a, "x", ""),
      to: fc.constantFrom(world.services.b, "a:b:c"),
      index: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      requestHash: hash,
      status: fc.constantFrom<(0 | 1 | 2 | 3 | 4 | 5)[]>(0, 1, 2, 3, 4, 5),
      resultHash: hash,
    });
    fc.assert(
      fc.property(header, signatures, fc.array(facts, { maxLength: 3 }), fc.uint8Array({ maxLength: 400 }), hash, (head, signed, entries, bytes, digest) => {
        const cancels = entries.map(({ from, to, index }) => ({ from, to, index }));
        handlers.proposal?.({ header: head, batches: [{ hash: digest, entries: [0, 5, 3] }], cancels, registrations: [bytes] }, bytes);
        handlers.proposal?.({ header: head, batches: [], cancels, registrations: [] }, bytes);
        handlers.certified?.({ height: head.height, hash: digest, signatures: signed }, bytes);
        handlers.checkBatch?.({ hash: digest, batch: bytes }, bytes);
        handlers.checkBatch?.({ hash: world.crypto.sha256(bytes), batch: bytes }, bytes);
        handlers.relayChallenge?.({ relayGenesis: digest, nonce: digest, height: head.height }, bytes);
        handlers.block?.(
          {
            attestation: { header: head, signatures: signed },
            leaves: entries.map(() => digest),
            entries: entries.map((each, position) => ({ position, facts: each, deadlineMs: 1n, cid: bytes.subarray(0, 36), body: bytes })),
          },
          bytes,
        );
      }),
      { numRuns: 300, seed: 11 },
    );
    const changed = fc.sample(fc.record({ at: fc.nat(), xor: fc.integer({ min: 1, max: 255 }) }), { numRuns: 200, seed: 3 });
    const [, publish] = known[0]!;
    for (const { at, xor } of changed) {
      const batch = publish.slice();
      batch[at % batch.length] = batch[at % batch.length]! ^ xor;
      handlers.checkBatch?.({ hash: world.crypto.sha256(batch), batch }, batch);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(validator.head().height, 1n);
    assert.equal(validator.counts.votes, 1);
    assert.equal(cluster.lines.some(({ event }) => event === "failed"), false);
    await cluster.stop();
  });
});
