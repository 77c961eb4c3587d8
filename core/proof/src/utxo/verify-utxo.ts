import { CodedError, concatBytes, equalBytes, failure, type Hash, ok, refuse, type Result, utf8 } from "@crossguardian/kernel";
import { bytes, decodeMessage, type Decoded, type EventPlace, fixed, hash32, list, struct, text, TX_STATUS, u32 } from "@crossguardian/wire";
import { encodeCall } from "../abi.ts";
import { type FinalStatus, type GatewayEvent } from "../gateway-event.ts";
import { wordOf, wordOfBytes } from "../words.ts";
import { decodeUtxoHeader, UTXO_HEADER_BYTES, type UtxoHeader } from "./block-header.ts";
import { payloadOf, type PoolPayload } from "./pool-payload.ts";
import { decodeUtxoTransaction, MAX_UTXO_TRANSACTION_BYTES, sha256d, type UtxoTransaction } from "./transaction.ts";

/** Greatest depth of a UTXO chain: its evidence carries that many further headers. */
export const MAX_UTXO_DEPTH = 128;
const MAX_BRANCH = 24;
const MAX_TRANSACTIONS = 512;

/** What a UTXO chain's registration pins beside its contract, the program of the pool's script. */
export const utxoTerms = struct({
  /** Least work of a header that is accepted, in compact form. */
  limitBits: u32,
  /** Service id of the pool. */
  service: text(160),
  /** Service ids of its peers; a payload names one by its place here. */
  peers: list(text(160), 255),
});
/** See {@link utxoTerms}. */
export type UtxoTerms = Decoded<typeof utxoTerms>;

/**
 * Evidence of one block: its header and `depth` further ones, its coinbase with its branch, and transactions with theirs; `previous` is the
 * transaction that the first input spends.
 */
export const utxoEvidence = struct({
  headers: list(fixed(UTXO_HEADER_BYTES), MAX_UTXO_DEPTH + 1),
  coinbase: struct({ transaction: bytes(MAX_UTXO_TRANSACTION_BYTES), branch: list(hash32, MAX_BRANCH) }),
  transactions: list(
    struct({ position: u32, transaction: bytes(MAX_UTXO_TRANSACTION_BYTES), branch: list(hash32, MAX_BRANCH), previous: bytes(MAX_UTXO_TRANSACTION_BYTES) }),
    MAX_TRANSACTIONS,
  ),
});

/** A transaction that stands in a proven block. */
export type ProvenTransaction = { readonly transaction: UtxoTransaction; readonly txid: Uint8Array; readonly previous: Uint8Array };

/** What evidence of a UTXO chain proves. */
export type ProvenUtxoBlock = { readonly header: UtxoHeader; readonly transactions: ReadonlyMap<number, ProvenTransaction> };

const checkedHeaders = (sha256: Hash, headers: readonly Uint8Array[], depth: number, limitBits: number): UtxoHeader => {
  if (headers.length !== depth + 1) throw new CodedError("proof.header.depth", { headers: headers.length, wanted: depth + 1 });
  const decoded = headers.map((each) => decodeUtxoHeader(sha256, each, limitBits));
  for (const [at, { parentHash }] of decoded.entries()) {
    const below = decoded[at - 1];
    if (below !== undefined && !equalBytes(parentHash, below.hash)) throw new CodedError("proof.header.depth", { at });
  }
  const [first] = decoded;
  if (first === undefined) throw new CodedError("proof.header.depth", { headers: 0 });
  return first;
};

const rootOf = (sha256: Hash, leaf: Uint8Array, position: number, branch: readonly Uint8Array[]): Uint8Array =>
  branch.reduce((node, sibling, up) => sha256d(sha256, concatBytes((position >>> up) % 2 === 1 ? [sibling, node] : [node, sibling])), leaf);

const NO_OUTPUT = 0xffff_ffff;

/**
 * Height of a block's tree, from the coinbase's branch: a transaction further down would stand below another transaction that was made to look
 * like an inner node (CVE-2017-12842), and nothing but a coinbase stands at the first place.
 */
const treeHeight = (sha256: Hash, { transaction, branch }: Decoded<typeof utxoEvidence>["coinbase"], root: Uint8Array): number => {
  const [first, second] = decodeUtxoTransaction(transaction).inputs;
  if (second !== undefined || first?.vout !== NO_OUTPUT || first.txid.some((byte) => byte !== 0)) throw new CodedError("proof.transaction.malformed", { what: "coinbase" });
  if (!equalBytes(rootOf(sha256, sha256d(sha256, transaction), 0, branch), root)) throw new CodedError("proof.tree.root", { what: "coinbase" });
  return branch.length;
};

/**
 * Verifies that transactions stand in a block that carries `depth` blocks of work (SPV): each header's work, their links, each
 * transaction's branch to the first one's root. That the block is the one at its height is the witnesses' word.
 * @throws proof.evidence.malformed, proof.header.*, proof.transaction.malformed, proof.tree.root
 */
export const proveUtxoBlock = (sha256: Hash, untrustedEvidence: Uint8Array, rule: { readonly depth: number; readonly limitBits: number }): ProvenUtxoBlock => {
  const evidence = decodeMessage(utxoEvidence, untrustedEvidence);
  if (!evidence.ok) throw new CodedError("proof.evidence.malformed", { why: evidence.failure.code });
  const header = checkedHeaders(sha256, evidence.value.headers, rule.depth, rule.limitBits);
  const height = treeHeight(sha256, evidence.value.coinbase, header.merkleRoot);
  const transactions = new Map<number, ProvenTransaction>();
  for (const { position, transaction: encoded, branch, previous } of evidence.value.transactions) {
    const transaction = decodeUtxoTransaction(encoded);
    const txid = sha256d(sha256, encoded);
    if (branch.length !== height || position >= 2 ** height || !equalBytes(rootOf(sha256, txid, position, branch), header.merkleRoot)) throw new CodedError("proof.tree.root");
    transactions.set(position, { transaction, txid, previous });
  }
  return { header, transactions };
};

/** The program of a pay-to-witness-script-hash output, or null for another script. */
export const scriptProgram = (script: Uint8Array): Uint8Array | null => (script.length === 34 && script[0] === 0x00 && script[1] === 0x20 ? script.slice(2) : null);

const NOTHING = new Uint8Array(0);
const NO_CONTRACT = new Uint8Array(32);
const MS_PER_S = 1_000n;
const FINAL: readonly FinalStatus[] = [TX_STATUS.success, TX_STATUS.failure, TX_STATUS.rollback];

/** Arguments of a call that moves an asset, as every vault takes them. */
export const assetArgs = (receiver: Uint8Array, amount: bigint): readonly Uint8Array[] => [wordOfBytes(receiver), wordOf(amount)];

const eventOf = (keccak256: Hash, terms: UtxoTerms, payload: PoolPayload | null): Result<GatewayEvent> => {
  if (payload === null || payload.type === "lock") return refuse(failure("proof.event.unknown", {}));
  const peer = terms.peers[payload.peer];
  if (peer === undefined) return refuse(failure("proof.event.malformed", { what: "peer" }));
  const [own, other] = [keccak256(utf8(terms.service)), keccak256(utf8(peer))];
  const index = BigInt(payload.index);
  if (payload.type === "request") {
    const args = assetArgs(payload.receiver, payload.amount);
    const bodyHash = keccak256(encodeCall("mint", args));
    const { requestHash, timeoutS } = payload;
    return ok({ type: "request", fromKey: own, toKey: other, index, requestHash, bodyHash, timeoutMs: BigInt(timeoutS) * MS_PER_S, priority: 0, isPrivate: false, func: "mint", args });
  }
  const status = FINAL.find((each) => each === payload.status);
  if (status === undefined) return refuse(failure("proof.event.malformed", { what: "status" }));
  if (payload.type === "settled") return ok({ type: "settled", fromKey: own, toKey: other, index, status });
  const result = payload.reason === 0 ? NOTHING : Uint8Array.of(payload.reason);
  return ok({ type: "receipt", fromKey: other, toKey: own, index, requestHash: payload.requestHash, status, result });
};

/** Program of the output that a transaction's first input spends, from the transaction that holds it: its id is in the input. */
const spentProgram = (sha256: Hash, { transaction, previous }: ProvenTransaction): Uint8Array => {
  const [first] = transaction.inputs;
  if (first === undefined || !equalBytes(sha256d(sha256, previous), first.txid)) throw new CodedError("proof.transaction.previous");
  return scriptProgram(decodeUtxoTransaction(previous).outputs[first.vout]?.script ?? NOTHING) ?? NO_CONTRACT;
};

/**
 * Verifies events of a pool. A transaction speaks for the pool whose script its first input satisfies: the chain's rules let
 * nobody spend it without the script's signatures over the whole transaction. Its word is in the output at the place's `log`.
 */
export const verifyUtxoEvents = (
  powers: { readonly keccak256: Hash; readonly sha256: Hash },
  chain: { readonly depth: number; readonly terms: Uint8Array },
  untrustedEvidence: Uint8Array,
  places: readonly EventPlace[],
): Result<{ readonly header: UtxoHeader; readonly emissions: readonly { readonly emitter: Uint8Array; readonly event: Result<GatewayEvent> }[] }> => {
  const terms = decodeMessage(utxoTerms, chain.terms);
  if (!terms.ok) return refuse(failure("proof.terms.malformed", { why: terms.failure.code }));
  try {
    const { header, transactions } = proveUtxoBlock(powers.sha256, untrustedEvidence, { depth: chain.depth, limitBits: terms.value.limitBits });
    const emissions = places.map(({ tx, log }) => {
      const proven = transactions.get(tx);
      const output = proven?.transaction.outputs[log];
      if (proven === undefined || output === undefined) throw new CodedError("proof.log.absent", { tx, log });
      return { emitter: spentProgram(powers.sha256, proven), event: eventOf(powers.keccak256, terms.value, payloadOf(output.script)) };
    });
    return ok({ header, emissions });
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
};
