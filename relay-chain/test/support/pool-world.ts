import { createECDH } from "node:crypto";
import { type Crypto, makeCrypto } from "@crossguardian/crypto";
import { CHAIN_KIND, compareBytes, concatBytes } from "@crossguardian/kernel";
import { assetArgs, decodeUtxoHeader, payloadScript, sha256d, type UtxoTransaction, utxoEvidence, utxoTerms, verifyBlockEvents } from "@crossguardian/proof";
import { type Hashes, makeEntriesTree, makeHashes, wordOf } from "@crossguardian/protocol";
import { type Decoded, encodeMessage, ENTRY_KIND, type EntryFacts, SUBMIT_CALL, TX_STATUS } from "@crossguardian/wire";
import { encodeProposal, encodeUtxoTransaction, makePool, payToProgram, type PlannedStep, type Pool, poolProgram, poolScript, type PoolSettings, type Proposal, STEP } from "@crossguardian/utxo";

export const LIMIT_BITS = 0x207f_ffff;
export const OWN = "1356:C:vault";
export const PEER = "1356:A:vault";
export const REFUND = new Uint8Array(20).fill(0x22);
export const RECEIVER = new Uint8Array(20).fill(0x33);
export const NONE = new Uint8Array(0);
export const ZERO32 = new Uint8Array(32);

/** What the tests compute with. */
export const crypto: Crypto = await makeCrypto();
const hashes: Hashes = makeHashes(crypto.keccak256);

export const keyOf = (byte: number) => new Uint8Array(32).fill(byte);
const publicKeyOf = (key: Uint8Array): Uint8Array => {
  const curve = createECDH("secp256k1");
  curve.setPrivateKey(key);
  return new Uint8Array(curve.getPublicKey(null, "compressed"));
};
export const transactionOf = (outputs: UtxoTransaction["outputs"], input = ZERO32): UtxoTransaction => ({
  version: 2, inputs: [{ txid: input, vout: 0, script: NONE, sequence: 0xffff_ffff }], outputs, lockTime: 0,
});

/** A header over a root, with the work that regtest asks for; `bits` is what it says of its work. */
export const mine = (parent: Uint8Array, root: Uint8Array, isWorked = true): Uint8Array => {
  const header = concatBytes([Uint8Array.of(2, 0, 0, 0), parent, root, Uint8Array.of(0, 0, 0, 0x60), Uint8Array.of(0xff, 0xff, 0x7f, 0x20), new Uint8Array(4)]);
  for (let nonce = 0; ; nonce += 1) {
    new DataView(header.buffer).setUint32(76, nonce, true);
    try {
      decodeUtxoHeader(crypto.sha256, header, LIMIT_BITS);
      if (isWorked) return header;
    } catch {
      if (!isWorked) return header;
    }
  }
};

/** Parts of evidence of a block of two transactions, a coinbase and the given one, with one block on top. */
export const evidenceParts = (transaction: UtxoTransaction, previous: Uint8Array): Evidence => {
  const encoded = encodeUtxoTransaction(transaction);
  const coinbase = encodeUtxoTransaction({ ...transactionOf([{ value: 1n, script: REFUND }]), inputs: [{ txid: ZERO32, vout: 0xffff_ffff, script: REFUND, sequence: 0 }] });
  const [left, right] = [coinbase, encoded].map((each) => sha256d(crypto.sha256, each)) as [Uint8Array, Uint8Array];
  const first = mine(ZERO32, sha256d(crypto.sha256, concatBytes([left, right])));
  return {
    headers: [first, mine(sha256d(crypto.sha256, first), ZERO32)],
    coinbase: { transaction: coinbase, branch: [right] },
    transactions: [{ position: 1, transaction: encoded, branch: [left], previous }],
  };
};

/** The same as the plugin sends it. */
export const evidenceOf = (transaction: UtxoTransaction, previous: Uint8Array): Uint8Array => encodeMessage(utxoEvidence, evidenceParts(transaction, previous));

/** What an interaction domain or a validator makes of evidence, or the code of its refusal. */
export const prove = (evidence: Uint8Array, depth = 1, limitBits = LIMIT_BITS): ReturnType<typeof verifyBlockEvents> =>
  verifyBlockEvents(crypto, { kind: CHAIN_KIND.utxo, depth, terms: encodeMessage(utxoTerms, { limitBits, service: OWN, peers: [PEER] }) }, { height: 9n, evidence, places: [{ tx: 1, log: 1 }] });

const signedBy = (digest: Uint8Array, key: Uint8Array, base: number) => {
  const { signature, recovery } = crypto.secp256k1.sign(digest, key);
  return Uint8Array.of(...signature, base + recovery);
};

export const setUp = () => {
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

type Evidence = Decoded<typeof utxoEvidence>;
export type World = ReturnType<typeof setUp>;
type Submitted = Extract<Proposal, { readonly submission: unknown }>;

export const depositOf = ({ program }: World, value: bigint): Proposal => {
  const lock = payloadScript({ type: "lock", peer: 0, timeoutS: 60, receiver: RECEIVER, refund: REFUND });
  const evidence = evidenceOf(transactionOf([{ value, script: payToProgram(program) }, { value: 0n, script: lock }], keyOf(1)), NONE);
  return { step: STEP.open, deposit: { height: 3n, evidence, position: 1, vout: 0 } };
};

export const release = ({ settings, attest }: World, index: bigint, amount: bigint, func = "release", by = 3): Submitted => {
  const args = assetArgs(RECEIVER, amount);
  const source = { chain: settings.peers[0]!.chain, contract: settings.peers[0]!.contract };
  const bodyHash = hashes.bodyHash({ func, args, salt: null });
  const requestHash = hashes.requestHash({ source, from: PEER, to: OWN, index, bodyHash, timeoutMs: 60_000n, priority: 0 });
  const attestation = attest({ kind: ENTRY_KIND.request, from: PEER, to: OWN, index, requestHash, status: TX_STATUS.begin, resultHash: ZERO32 }, by);
  const entry = { from: PEER, to: OWN, index, requestHash, status: TX_STATUS.begin, resultHash: ZERO32, position: 0, siblings: [] };
  const body = { srcChain: source.chain, srcContract: source.contract, timeoutMs: 60_000n, priority: 0, isPrivate: false, salt: ZERO32, func, args };
  return { step: STEP.execute, submission: { chain: "", id: 0n, call: SUBMIT_CALL.execute, attestation, entries: [entry], bodies: [body], results: [] } };
};

export const settle = ({ attest }: World, requestHash: Uint8Array, status: 3 | 4): Proposal => {
  const resultHash = hashes.resultHash(NONE);
  const attestation = attest({ kind: ENTRY_KIND.receipt, from: OWN, to: PEER, index: 1n, requestHash, status, resultHash }, 3);
  const entry = { from: OWN, to: PEER, index: 1n, requestHash, status, resultHash, position: 0, siblings: [] };
  return { step: STEP.settle, submission: { chain: "", id: 0n, call: SUBMIT_CALL.settle, attestation, entries: [entry], bodies: [], results: [NONE] } };
};

export const requestHashOf = (pool: Pool): Uint8Array => [...pool.pair(0).pending.values()][0]!.requestHash;

