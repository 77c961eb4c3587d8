import assert from "node:assert/strict";
import { createECDH } from "node:crypto";
import { before, test } from "node:test";
import { type Crypto, makeCrypto } from "@crossguardian/crypto";
import { CHAIN_KIND, compareBytes, concatBytes } from "@crossguardian/kernel";
import { assetArgs, decodeUtxoHeader, payloadScript, sha256d, type UtxoTransaction, utxoEvidence, utxoTerms, verifyBlockEvents } from "@crossguardian/proof";
import { type Hashes, makeEntriesTree, makeHashes, wordOf } from "@crossguardian/protocol";
import { encodeMessage, ENTRY_KIND, type EntryFacts, SUBMIT_CALL, TX_STATUS } from "@crossguardian/wire";
import { encodeProposal, encodeUtxoTransaction, FAILURE_REASON, makePool, payToProgram, type PlannedStep, type Pool, poolProgram, poolScript, type PoolSettings, type Proposal, STEP } from "../src/index.ts";

const LIMIT_BITS = 0x207f_ffff;
const OWN = "1356:C:vault";
const PEER = "1356:A:vault";
const REFUND = new Uint8Array(20).fill(0x22);
const RECEIVER = new Uint8Array(20).fill(0x33);
const NONE = new Uint8Array(0);
const ZERO32 = new Uint8Array(32);

let crypto: Crypto;
let hashes: Hashes;
before(async () => {
  crypto = await makeCrypto();
  hashes = makeHashes(crypto.keccak256);
});

const keyOf = (byte: number) => new Uint8Array(32).fill(byte);
const publicKeyOf = (key: Uint8Array): Uint8Array => {
  const curve = createECDH("secp256k1");
  curve.setPrivateKey(key);
  return new Uint8Array(curve.getPublicKey(null, "compressed"));
};
const transactionOf = (outputs: UtxoTransaction["outputs"], input = ZERO32): UtxoTransaction => ({
  version: 2, inputs: [{ txid: input, vout: 0, script: NONE, sequence: 0xffff_ffff }], outputs, lockTime: 0,
});

/** A header over one transaction, with the work that regtest asks for. */
const mine = (parent: Uint8Array, root: Uint8Array): Uint8Array => {
  const header = concatBytes([Uint8Array.of(2, 0, 0, 0), parent, root, Uint8Array.of(0, 0, 0, 0x60), Uint8Array.of(0xff, 0xff, 0x7f, 0x20), new Uint8Array(4)]);
  for (let nonce = 0; ; nonce += 1) {
    new DataView(header.buffer).setUint32(76, nonce, true);
    try {
      decodeUtxoHeader(crypto.sha256, header, LIMIT_BITS);
      return header;
    } catch {
      continue;
    }
  }
};

const evidenceOf = (transaction: UtxoTransaction, previous: Uint8Array): Uint8Array => {
  const encoded = encodeUtxoTransaction(transaction);
  const first = mine(ZERO32, sha256d(crypto.sha256, encoded));
  return encodeMessage(utxoEvidence, { headers: [first, mine(sha256d(crypto.sha256, first), ZERO32)], transactions: [{ position: 0, transaction: encoded, branch: [], previous }] });
};

const signedBy = (digest: Uint8Array, key: Uint8Array, base: number) => {
  const { signature, recovery } = crypto.secp256k1.sign(digest, key);
  return Uint8Array.of(...signature, base + recovery);
};

const setUp = () => {
  const validators = [11, 12, 13, 14].map(keyOf).sort((left, right) => compareBytes(crypto.secp256k1.address(left), crypto.secp256k1.address(right)));
  const signers = [21, 22, 23, 24].map(keyOf).sort((left, right) => compareBytes(publicKeyOf(left), publicKeyOf(right)));
  const script = poolScript({ threshold: 3, signers: signers.map(publicKeyOf), recovery: { blocks: 4_032, threshold: 2, governors: [31, 32, 33].map((each) => publicKeyOf(keyOf(each))) } });
  const program = poolProgram(crypto.sha256, script);
  const settings: PoolSettings = {
    chain: "C", chainWord: wordOf(9), relayGenesis: keyOf(1), epoch: 1n, validators: validators.map((key) => crypto.secp256k1.address(key)), validatorThreshold: 3, script, threshold: 3,
    signers: signers.map((key) => crypto.secp256k1.address(key)), funding: encodeUtxoTransaction(transactionOf([{ value: 1_000_000n, script: payToProgram(program) }])),
    peers: [{ service: PEER, chain: wordOf(7), contract: keyOf(8) }], service: OWN, limitBits: LIMIT_BITS, depth: 1, feeSats: 2_000n, startHeight: 1n,
  };
  const pool = makePool({ hashes, sha256: crypto.sha256, secp256k1: crypto.secp256k1 }, settings);
  const certify = (proposal: Proposal, count = 3): PlannedStep => {
    const step = pool.plan(proposal);
    const signatures = step.spent.map((_, input) => signers.slice(0, count).map((key) => signedBy(pool.digest(step, input), key, 0)));
    return pool.certify({ number: pool.steps(), proposal: encodeProposal(proposal), signatures });
  };
  const attest = (facts: EntryFacts, by: number) => {
    const leaf = hashes.leaf(settings.relayGenesis, { chain: settings.chainWord, contract: program }, facts);
    const header = { epoch: 1n, height: 5n, prevHash: ZERO32, tickMs: 1n, entriesRoot: makeEntriesTree(hashes, [leaf]).root };
    const digest = hashes.blockDigest(settings.relayGenesis, header);
    return { header, signatures: validators.slice(0, by).map((key) => signedBy(digest, key, 27)) };
  };
  return { settings, pool, program, certify, attest };
};

type World = ReturnType<typeof setUp>;
type Submitted = Extract<Proposal, { readonly submission: unknown }>;

const depositOf = ({ program }: World, value: bigint): Proposal => {
  const lock = payloadScript({ type: "lock", peer: 0, timeoutS: 60, receiver: RECEIVER, refund: REFUND });
  const evidence = evidenceOf(transactionOf([{ value, script: payToProgram(program) }, { value: 0n, script: lock }], keyOf(1)), NONE);
  return { step: STEP.open, deposit: { height: 3n, evidence, position: 0, vout: 0 } };
};

const release = ({ settings, attest }: World, index: bigint, amount: bigint, func = "release", by = 3): Submitted => {
  const args = assetArgs(RECEIVER, amount);
  const source = { chain: settings.peers[0]!.chain, contract: settings.peers[0]!.contract };
  const bodyHash = hashes.bodyHash({ func, args, salt: null });
  const requestHash = hashes.requestHash({ source, from: PEER, to: OWN, index, bodyHash, timeoutMs: 60_000n, priority: 0 });
  const attestation = attest({ kind: ENTRY_KIND.request, from: PEER, to: OWN, index, requestHash, status: TX_STATUS.begin, resultHash: ZERO32 }, by);
  const entry = { from: PEER, to: OWN, index, requestHash, status: TX_STATUS.begin, resultHash: ZERO32, position: 0, siblings: [] };
  const body = { srcChain: source.chain, srcContract: source.contract, timeoutMs: 60_000n, priority: 0, isPrivate: false, salt: ZERO32, func, args };
  return { step: STEP.execute, submission: { chain: "", id: 0n, call: SUBMIT_CALL.execute, attestation, entries: [entry], bodies: [body], results: [] } };
};

const settle = ({ attest }: World, requestHash: Uint8Array, status: 3 | 4): Proposal => {
  const resultHash = hashes.resultHash(NONE);
  const attestation = attest({ kind: ENTRY_KIND.receipt, from: OWN, to: PEER, index: 1n, requestHash, status, resultHash }, 3);
  const entry = { from: OWN, to: PEER, index: 1n, requestHash, status, resultHash, position: 0, siblings: [] };
  return { step: STEP.settle, submission: { chain: "", id: 0n, call: SUBMIT_CALL.settle, attestation, entries: [entry], bodies: [], results: [NONE] } };
};

const requestHashOf = (pool: Pool): Uint8Array => [...pool.pair(0).pending.values()][0]!.requestHash;

test("a deposit becomes a request that the chain's verifier proves, under the pool's program, and under nothing less", () => {
  const world = setUp();
  const step = world.certify(depositOf(world, 54_000n));
  const evidence = evidenceOf(step.transaction, world.settings.funding);
  const prove = (bytes: Uint8Array, depth = 1, limitBits = LIMIT_BITS) =>
    verifyBlockEvents(crypto, { kind: CHAIN_KIND.utxo, depth, terms: encodeMessage(utxoTerms, { limitBits, service: OWN, peers: [PEER] }) }, { height: 9n, evidence: bytes, places: [{ tx: 0, log: 1 }] });
  const proven = prove(evidence);
  assert.ok(proven.ok, proven.ok ? "" : proven.failure.code);
  const [emission] = proven.value.emissions;
  assert.deepEqual(emission?.emitter, world.program);
  assert.ok(emission?.event.ok && emission.event.value.type === "request");
  assert.equal(emission.event.value.index, 1n);
  assert.deepEqual(emission.event.value.args, assetArgs(RECEIVER, 50_000n));
  assert.deepEqual(emission.event.value.requestHash, requestHashOf(world.pool));
  const codeOf = (outcome: ReturnType<typeof prove>): string => (outcome.ok ? "" : outcome.failure.code);
  assert.equal(codeOf(prove(evidenceOf(step.transaction, NONE))), "proof.transaction.previous");
  assert.equal(codeOf(prove(evidence, 2)), "proof.header.depth");
  assert.equal(codeOf(prove(evidence, 1, 0x1d00_ffff)), "proof.header.work");
});

test("a deposit is opened once, a request settled once, and a failure pays back what was credited", () => {
  const world = setUp();
  const deposit = depositOf(world, 54_000n);
  world.certify(deposit);
  assert.throws(() => world.pool.plan(deposit), /utxo\.step\.decided/u);
  assert.throws(() => world.pool.plan(settle(world, keyOf(5), 4)), /utxo\.receipt\.mismatch/u);
  const back = settle(world, requestHashOf(world.pool), 4);
  const step = world.certify(back);
  assert.deepEqual(step.transaction.outputs[2], { value: 50_000n, script: payToProgram(REFUND) });
  assert.throws(() => world.pool.plan(back), /utxo\.step\.decided/u);
  assert.equal(world.pool.pair(0).locked, 0n);
  assert.equal(world.pool.tip().value, 1_000_000n, "the fees of both steps came out of the deposit");
});

test("an attested request is paid once, never more than is locked for its peer, and else fails without a payment", () => {
  const world = setUp();
  world.certify(depositOf(world, 54_000n));
  world.certify(settle(world, requestHashOf(world.pool), 3));
  const paid = world.certify(release(world, 1n, 20_000n));
  assert.deepEqual(paid.transaction.outputs[2], { value: 18_000n, script: payToProgram(RECEIVER) });
  assert.throws(() => world.pool.plan(release(world, 1n, 20_000n)), /utxo\.step\.decided/u);
  const tooMuch = release(world, 2n, 30_001n);
  const { requestHash } = tooMuch.submission.entries[0]!;
  assert.deepEqual(world.certify(tooMuch).transaction.outputs[1]?.script, payloadScript({ type: "receipt", peer: 0, index: 2, status: 4, requestHash, reason: FAILURE_REASON.locked }));
  assert.equal(world.certify(release(world, 3n, 1_000n, "mint")).transaction.outputs.length, 2);
  assert.equal(world.pool.pair(0).locked, 30_000n);
});

test("too few validators, another body or index, or too few signers move nothing", () => {
  const world = setUp();
  world.certify(depositOf(world, 54_000n));
  assert.throws(() => world.pool.plan(release(world, 1n, 20_000n, "release", 2)), /protocol\.attestation\.threshold/u);
  const { step, submission } = release(world, 1n, 20_000n);
  const [body, entry] = [submission.bodies[0]!, submission.entries[0]!];
  assert.throws(() => world.pool.plan({ step, submission: { ...submission, bodies: [{ ...body, args: assetArgs(RECEIVER, 40_000n) }] } }), /protocol\.submission\.mismatch/u);
  assert.throws(() => world.pool.plan({ step, submission: { ...submission, entries: [{ ...entry, index: 2n }] } }), /protocol\.submission\.mismatch/u);
  assert.throws(() => world.certify(release(world, 1n, 20_000n), 2), /utxo\.step\.refused/u);
  assert.equal(world.pool.steps(), 1);
});
