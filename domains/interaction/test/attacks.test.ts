import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareBytes, toHex, utf8 } from "@crossguardian/kernel";
import { GATEWAY_TOPICS } from "@crossguardian/proof";
import { makeEntriesTree, registrationDigest, registryDocument } from "@crossguardian/protocol";
import { decodeMessage, encodeMessage, evmEvidence, type Message, MESSAGES, type Codec, privateCall, type RelayHeader } from "@crossguardian/wire";
import { encodeAbiParameters, parseAbiParameters } from "viem";
import { MAX_HELD_MESSAGES, SCAN_GRANTS } from "../src/chain-watch.ts";
import { buildBlock } from "./fake-chain.ts";
import { crypto, hashes, key, sign, TIMEOUT_MS, VAULT_A, VAULT_B, World } from "./world.ts";

const PUBLIC = { func: "mint", args: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)], salt: null };
const ID = `${VAULT_A}-${VAULT_B}-1`;

const receiptData = (requestHash: Uint8Array): `0x${string}` =>
  encodeAbiParameters(parseAbiParameters("uint64, bytes32, uint8, bytes"), [1n, `0x${toHex(requestHash)}`, 3, "0x"]);

const completes = (world: World): void => {
  world.run(20_000);
  assert.equal(world.chains["chainA"]!.settled.get(ID), 3);
  assert.equal(world.chains["chainB"]!.executions.get(ID), 1);
};

test("security downgrade: an event that a hostile plugin makes up in a block of its own is refused, reported, and nothing is lost", async () => {
  const world = await World.create();
  const chain = world.chains["chainA"]!;
  chain.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  world.lie = (message) => {
    if (message.chain !== "chainA") return message;
    const height = message.to;
    const data = encodeAbiParameters(
      parseAbiParameters("uint64, bytes32, bytes32, uint64, uint8, bool, string, bytes[]"),
      [7n, `0x${"11".repeat(32)}`, `0x${"22".repeat(32)}`, 1000n, 1, false, "mint", []],
    );
    const log = { address: chain.contract, topics: [GATEWAY_TOPICS.request, hashes.serviceKey(VAULT_A), hashes.serviceKey(VAULT_B)], data: Buffer.from(data.slice(2), "hex") };
    const forged = buildBlock(hashes, height, chain.blocks[Number(height) - 1]?.hash ?? new Uint8Array(32), 1n, [log]);
    return { ...message, blocks: [{ height, evidence: forged.evidence, places: forged.places }] };
  };
  world.run(6000);
  assert.ok(world.codes("alarm").includes("interaction.observed.forged"));
  assert.equal(world.relay.published.length, 0);
  world.lie = (message) => message;
  completes(world);
});

test("security downgrade: a changed receipt in a true block is refused", async () => {
  const world = await World.create();
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  world.lie = (message) => ({
    ...message,
    blocks: message.blocks.map((block) => {
      const evidence = decodeMessage(evmEvidence, block.evidence);
      if (!evidence.ok) throw new Error("evidence");
      const nodes = evidence.value.nodes.map((node) => {
        const changed = node.slice();
        changed[changed.length - 100]! ^= 1;
        return changed;
      });
      return { ...block, evidence: encodeMessage(evmEvidence, { header: evidence.value.header, nodes }) };
    }),
  });
  world.run(5000);
  assert.ok(world.codes("alarm").includes("interaction.observed.evidence"));
  assert.equal(world.relay.published.length, 0);
  world.lie = (message) => message;
  completes(world);
});

test("unauthorized access: a proven event of another contract is not one of the gateway", async () => {
  const world = await World.create();
  const chain = world.chains["chainA"]!;
  chain.emit(GATEWAY_TOPICS.receipt, VAULT_B, VAULT_A, receiptData(new Uint8Array(32).fill(3)), new Uint8Array(20).fill(0xee));
  world.run(4000);
  assert.ok(world.codes("alarm").includes("interaction.event.foreign"));
  assert.equal(world.relay.published.length, 0);
});

test("unauthorized access: a receipt of a service that lives on another chain is refused", async () => {
  const world = await World.create();
  world.chains["chainA"]!.emit(GATEWAY_TOPICS.receipt, VAULT_A, VAULT_B, receiptData(new Uint8Array(32).fill(3)));
  world.run(4000);
  assert.ok(world.codes("alarm").includes("interaction.event.foreign"));
  assert.equal(world.relay.published.length, 0);
});

test("one lying header witness is outvoted and reported", async () => {
  const world = await World.create();
  world.witnessLies.set("w2", (header) => ({ ...header, hash: new Uint8Array(32).fill(9) }));
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  completes(world);
  const named = world.logs.filter((each) => each.event === "protocol.witness.contradiction");
  assert.ok(named.length > 0);
  assert.ok(named.every((each) => each.facts["witness"] === "w2"));
});

test("without a quorum of witnesses the chain waits and says so", async () => {
  const world = await World.create();
  world.witnessLies.set("w1", (header) => ({ ...header, hash: new Uint8Array(32).fill(1) }));
  world.witnessLies.set("w2", (header) => ({ ...header, hash: new Uint8Array(32).fill(2) }));
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  world.run(15_000);
  assert.equal(world.relay.published.length, 0);
  assert.ok(world.codes("warn").includes("protocol.chain.noQuorum"));
});

test("two quorums at one height freeze the chain in both directions", async () => {
  const world = await World.create();
  world.run(5000);
  const { interaction } = world.gateways["gwB"]!;
  const height = 2n;
  const lie = { chain: "chainB", tip: 10n, headers: [{ height, hash: new Uint8Array(32).fill(5), parentHash: new Uint8Array(32).fill(4) }] };
  interaction.onHeaders("w1", lie);
  interaction.onHeaders("w3", lie);
  assert.ok(world.codes("alarm").includes("protocol.chain.frozen"));
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  world.chains["chainB"]!.request(VAULT_B, VAULT_A, PUBLIC, TIMEOUT_MS);
  world.run(10_000);
  assert.equal(world.chains["chainB"]!.decisions.size, 0, "nothing goes in");
  assert.equal(world.chains["chainA"]!.decisions.size, 0, "nothing comes out");
});

test("inter-chain attack propagation: two validators and a hostile orderer get nothing into a contract", async () => {
  const world = await World.create();
  world.run(2000);
  const { interaction } = world.gateways["gwB"]!;
  const facts = { kind: 1 as const, from: VAULT_A, to: VAULT_B, index: 1n, requestHash: new Uint8Array(32).fill(1), status: 0 as const, resultHash: new Uint8Array(32) };
  const entry = { facts, body: new Uint8Array(0), deadlineMs: 1n };
  const { relay } = world;
  const deliver = (block: Message<"block">): string | undefined => {
    const before = world.logs.length;
    interaction.onBlock("relay", block);
    return world.logs.slice(before).find((each) => each.level === "alarm")?.event;
  };
  const two = relay.keys.slice(0, 2);
  const [first, second] = two;
  const sealed = (keys: readonly Uint8Array[]): Message<"block"> => relay.seal([entry], 1n, [...keys], 1n);
  assert.equal(deliver(sealed(two)), "protocol.attestation.threshold");
  assert.equal(deliver(sealed([first!, second!, second!])), "protocol.attestation.order");
  assert.equal(deliver(sealed([first!, second!, crypto.keccak256(utf8("stolen gateway key"))])) !== undefined, true);
  const honest = relay.seal([entry], 1n, relay.keys.slice(0, 3), 1n);
  assert.equal(deliver({ ...honest, leaves: [new Uint8Array(32)] }), "protocol.block.root");
  assert.equal(deliver({ ...honest, entries: honest.entries.map((each) => ({ ...each, facts: { ...facts, index: 2n } })) }), "protocol.block.leaf");
  assert.equal(deliver({ ...honest, entries: honest.entries.map((each) => ({ ...each, position: 7 })) }), "protocol.block.leaf");
  assert.equal(world.submissions.length, 0);
});

test("a body that is not what its leaf commits to is not executed and waits for CANCEL", async () => {
  const world = await World.create();
  const { relay } = world;
  const view = relay.view.bind(relay);
  relay.view = (height, gateway) => {
    const block = view(height, gateway);
    return block === null ? null : { ...block, entries: block.entries.map((each) => {
      const body = each.body.slice();
      const at = Buffer.from(body).indexOf("mint");
      if (at >= 0) body[at] = 0x70;
      return { ...each, body };
    }) };
  };
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, PUBLIC, 4000n);
  world.run(30_000);
  assert.ok(world.codes("alarm").some((each) => each === "interaction.body.mismatch"));
  assert.deepEqual(world.chains["chainB"]!.calls, []);
  assert.equal(world.chains["chainA"]!.settled.get(ID), 5);
});

test("a plugin that leaves blocks out or runs ahead of the witnesses moves no cursor", async () => {
  const world = await World.create();
  world.run(3000);
  const { watch } = world.gateways["gwA"]!.interaction.house.rooms.get("chainA")!;
  const { interaction } = world.gateways["gwA"]!;
  const before = watch.cursor();
  interaction.onObserved("plugin", { chain: "chainA", from: before + 5n, to: before + 6n, blocks: [] });
  assert.equal(watch.cursor(), before);
  assert.ok(world.codes().includes("interaction.observed.order"));
  interaction.onObserved("plugin", { chain: "chainA", from: before, to: 2n ** 63n, blocks: [] });
  world.run(2000);
  assert.ok(watch.cursor() < 100n);
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  completes(world);
});

test("a request that a plugin hid is found by its index once the next one of its pair is seen, and carried", async () => {
  const world = await World.create();
  const chain = world.chains["chainA"]!;
  chain.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  completes(world);
  let hidden = 0;
  world.lie = (message) => {
    if (message.chain !== "chainA" || hidden > 0 || message.blocks.length === 0) return message;
    hidden += message.blocks.length;
    return { ...message, blocks: [] };
  };
  chain.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  world.run(10_000);
  assert.equal(hidden, 1);
  assert.equal(chain.settled.get(`${VAULT_A}-${VAULT_B}-2`), undefined);
  assert.equal(world.codes("alarm").includes("interaction.request.gap"), false, "nothing shows it yet");
  chain.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  world.run(10_000);
  assert.deepEqual(world.codes("alarm").filter((each) => each === "interaction.request.gap").length, 1);
  for (const index of [2, 3]) {
    assert.equal(chain.settled.get(`${VAULT_A}-${VAULT_B}-${String(index)}`), 3);
    assert.equal(world.chains["chainB"]!.executions.get(`${VAULT_A}-${VAULT_B}-${String(index)}`), 1);
  }
});

test("another request hash for the same pair and index is refused and reported, also after a restart", async () => {
  const world = await World.create();
  const chain = world.chains["chainA"]!;
  chain.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  world.run(3000);
  await world.flush();
  const published = world.relay.published.length;
  const commitment = chain.commitments.get(ID)!;
  chain.request(VAULT_A, VAULT_B, { ...PUBLIC, func: "other" }, TIMEOUT_MS, 1n);
  chain.commitments.set(ID, commitment);
  world.run(3000);
  assert.ok(world.codes("alarm").includes("interaction.request.equivocation"));
  assert.equal(world.relay.published.filter((each) => Buffer.from(each.content).includes("other")).length, 0);
  assert.ok(published > 0);
  await world.startGateway("gwA");
  completes(world);
  assert.equal(world.relay.published.filter((each) => Buffer.from(each.content).includes("other")).length, 0);
});

test("unauthorized access: a message from a port that may not send it is refused", async () => {
  const world = await World.create();
  world.run(2000);
  const { interaction } = world.gateways["gwA"]!;
  const before = interaction.house.rooms.get("chainA")!.watch.cursor();
  interaction.onHeaders("plugin", { chain: "chainA", tip: 9n, headers: [] });
  interaction.onObserved("w1", { chain: "chainA", from: before, to: before, blocks: [] });
  interaction.onObserved("plugin", { chain: "chainB", from: before, to: before, blocks: [] });
  interaction.onBlock("plugin", world.relay.seal([], 1n));
  interaction.onPublishAck("w1", { batchId: 1n, refused: [] });
  assert.equal(world.codes("alarm").filter((each) => each === "interaction.origin.port").length, 5);
});

test("data leakage: a private body sealed to another gateway, or of another hash, is refused", async () => {
  const world = await World.create();
  const { interaction } = world.gateways["gwA"]!;
  const call = { salt: new Uint8Array(32).fill(1), func: "get", args: [utf8("key")] };
  const plaintext = encodeMessage(privateCall, call);
  const bodyHash = hashes.bodyHash(call);
  await interaction.onPrivateBody("plugin", { chain: "chainA", bodyHash, sealed: crypto.sealTo(world.boxKey("gwB"), plaintext) });
  await interaction.onPrivateBody("plugin", { chain: "chainA", bodyHash: new Uint8Array(32), sealed: crypto.sealTo(world.boxKey("gwA"), plaintext) });
  assert.deepEqual(world.codes("warn"), ["interaction.private.sealed", "interaction.private.mismatch"]);
  assert.equal(interaction.house.bodies.count(), 0);
});

const bytes = (max: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: max });
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const u64 = fc.oneof(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const name = fc.constantFrom(VAULT_A, VAULT_B, "1356:chainA:none", "x", "");
const facts = fc.record({ kind: fc.constantFrom(1, 2, 3, 4, 5), from: name, to: name, index: u64, requestHash: hash, status: fc.constantFrom(0, 1, 2, 3, 4, 5), resultHash: hash });
const hostile = fc.oneof(
  fc.record({ name: fc.constant("headerReport"), message: fc.record({ chain: fc.constantFrom("chainA", "chainB", ""), tip: u64, headers: fc.array(fc.record({ height: u64, hash, parentHash: hash }), { maxLength: 3 }) }) }),
  fc.record({ name: fc.constant("observed"), message: fc.record({ chain: fc.constantFrom("chainA", "chainB"), from: u64, to: u64, blocks: fc.array(fc.record({ height: u64, evidence: bytes(300), places: fc.array(fc.record({ tx: fc.nat(3), log: fc.nat(3) }), { maxLength: 3 }) }), { maxLength: 3 }) }) }),
  fc.record({ name: fc.constant("submitted"), message: fc.record({ chain: fc.constant("chainA"), id: u64, outcome: fc.constantFrom(1, 2, 3), detail: fc.string({ maxLength: 20 }) }) }),
  fc.record({ name: fc.constant("decided"), message: fc.record({ chain: fc.constant("chainA"), id: u64, pairs: fc.array(fc.record({ from: name, to: name, side: fc.constantFrom(1, 2), base: u64, last: u64, bitmap: bytes(20) }), { maxLength: 3 }) }) }),
  fc.record({ name: fc.constant("block"), message: fc.record({ attestation: fc.record({ header: fc.record({ epoch: fc.constantFrom(0n, 1n), height: u64, prevHash: hash, tickMs: u64, entriesRoot: hash }), signatures: fc.array(fc.uint8Array({ minLength: 65, maxLength: 65 }), { maxLength: 5 }) }), leaves: fc.array(hash, { maxLength: 4 }), entries: fc.array(fc.record({ position: fc.nat(5), facts, deadlineMs: u64, cid: bytes(36), body: bytes(100) }), { maxLength: 3 }) }) }),
  fc.record({ name: fc.constant("publishAck"), message: fc.record({ batchId: u64, refused: fc.array(fc.record({ entry: fc.nat(10), code: fc.constantFrom("protocol.entry.state", "nonsense", "") }), { maxLength: 4 }) }) }),
  fc.record({ name: fc.constant("privateBody"), message: fc.record({ chain: fc.constant("chainA"), bodyHash: hash, sealed: bytes(200) }) }),
);

type Hostile = { readonly port: string; readonly hostile: (typeof hostile) extends fc.Arbitrary<infer Value> ? Value : never };
/** The plugin of chain A says something of blocks after the tip. */
const isHiding = ({ port, hostile: { name: kind, message } }: Hostile, tip: bigint): boolean =>
  port === "plugin" && kind === "observed" && "to" in message && message.chain === "chainA" && message.to > tip;

test("no message of a hostile port throws, grows memory, or stops honest transfers", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ port: fc.constantFrom("plugin", "w1", "relay"), hostile }), { maxLength: 40 }), async (messages) => {
      const world = await World.create();
      world.run(2000);
      const { interaction } = world.gateways["gwA"]!;
      for (const { port, hostile: { name: kind, message } } of messages) {
        const codec = MESSAGES[kind as "block"].codec as unknown as Codec<unknown>;
        const decoded = decodeMessage(codec, encodeMessage(codec, message));
        assert.ok(decoded.ok);
        const value = decoded.value as never;
        // A lying witness alone can not freeze anything: only w1 lies here.
        if (kind === "headerReport") interaction.onHeaders(port, value);
        else if (kind === "observed") interaction.onObserved(port, value);
        else if (kind === "submitted") interaction.onSubmitted(port, value);
        else if (kind === "decided") interaction.onDecided(port, value);
        else if (kind === "block") interaction.onBlock(port, value);
        else if (kind === "publishAck") interaction.onPublishAck(port, value);
        else await interaction.onPrivateBody(port, value);
      }
      assert.ok(interaction.house.inbound.count() === 0);
      const chain = world.chains["chainA"]!;
      const tip = chain.tip();
      chain.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
      world.run(20_000);
      // A plugin may hide an event: it said of a block to come that it has none. A scan from the deployment on, past that plugin, finds it.
      if (chain.settled.get(ID) === undefined && messages.some((each) => isHiding(each, tip))) await world.startGateway("gwA", { loseJournal: true });
      completes(world);
    }),
    { numRuns: 40, examples: [[[{ port: "plugin", hostile: { name: "observed", message: { chain: "chainA", from: 0n, to: 3n, blocks: [] } } }]]] },
  );
  assert.ok(MAX_HELD_MESSAGES >= SCAN_GRANTS);
});

test("unauthorized access: once the relay chain has another set of validators, blocks of the earlier epoch, and blocks that the earlier set signs, are refused", async () => {
  const world = await World.create();
  const { relayGenesis } = world.gateways["gwB"]!.interaction.house.registry();
  const after = [21, 22, 23, 24].map(key).sort((left, right) => compareBytes(crypto.secp256k1.address(left), crypto.secp256k1.address(right)));
  const set = { epoch: 1n, validators: after.map((each) => crypto.secp256k1.address(each)), threshold: 3 };
  const document = encodeMessage(registryDocument, { relayGenesis, nonce: 2n, chains: [], services: [], gateways: [], closedChains: [], validators: [set] });
  const body = encodeMessage(MESSAGES.registration.codec, { document, signatures: [sign(registrationDigest(hashes, document), key(1))] });
  const leaves = [hashes.registerLeaf(relayGenesis, hashes.keccak256(document)), hashes.validatorsLeaf(relayGenesis, set.epoch, set.validators, set.threshold)];
  const signed = (header: Omit<RelayHeader, "tickMs" | "entriesRoot">, of: readonly Uint8Array[], keys: readonly Uint8Array[], entries: Message<"block">["entries"] = []): Message<"block"> => {
    const full = { ...header, tickMs: header.height, entriesRoot: makeEntriesTree(hashes, of).root };
    return { attestation: { header: full, signatures: keys.slice(0, 3).map((each) => sign(hashes.blockDigest(relayGenesis, full), each)) }, leaves: of, entries };
  };
  const facts = (kind: 4 | 5, index: bigint) => ({ kind, from: "", to: "", index, requestHash: hashes.keccak256(document), status: 0 as const, resultHash: new Uint8Array(32) });
  const documents = [4, 5].map((kind, position) => ({ position, facts: facts(kind as 4 | 5, kind === 4 ? 2n : 1n), deadlineMs: 0n, cid: new Uint8Array(0), body: kind === 4 ? body : new Uint8Array(0) }));
  const first = signed({ epoch: 0n, height: 1n, prevHash: relayGenesis }, leaves, world.relay.keys, documents);
  const prevHash = hashes.blockDigest(relayGenesis, first.attestation.header);
  const next = (epoch: bigint, keys: readonly Uint8Array[]): Message<"block"> => signed({ epoch, height: 2n, prevHash }, [leaves[0]!], keys);

  const { interaction } = world.gateways["gwB"]!;
  interaction.onBlock("relay", first);
  assert.equal(interaction.house.registry().validators.epoch, 1n);
  for (const [code, block] of [["protocol.attestation.epoch", next(0n, world.relay.keys)], ["protocol.attestation.stranger", next(1n, world.relay.keys)], ["protocol.attestation.epoch", next(0n, after)]] as const) {
    interaction.onBlock("relay", block);
    assert.equal(world.codes("alarm").at(-1), code);
    assert.equal(interaction.house.inbound.position(), 2n);
  }
  interaction.onBlock("relay", next(1n, after));
  assert.equal(interaction.house.inbound.position(), 3n);
});
