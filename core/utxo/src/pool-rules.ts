import { CodedError, equalBytes, toHex } from "@crossguardian/kernel";
import { assetArgs, type Outpoint, payloadOf, type PoolPayload, proveUtxoBlock, type TransactionOutput } from "@crossguardian/proof";
import { checkSubmission, type Hashes, type Target } from "@crossguardian/protocol";
import { type Secp256k1 } from "@crossguardian/kernel";
import { SUBMIT_CALL, TX_STATUS } from "@crossguardian/wire";
import { payToProgram } from "./pool-script.ts";
import { type Deposit, type PoolSettings, type Proposal, STEP } from "./proposal.ts";

/** Powers of a pool. */
export type PoolPowers = { readonly hashes: Hashes; readonly sha256: (bytes: Uint8Array) => Uint8Array; readonly secp256k1: Pick<Secp256k1, "recoverAddress"> };

/** A request of the pool's that is not settled. */
type Pending = { readonly requestHash: Uint8Array; readonly amount: bigint; readonly refund: Uint8Array };
/** What a pool knows of one peer. */
export type PoolPair = { out: bigint; readonly pending: Map<bigint, Pending>; readonly settled: Set<bigint>; readonly decided: Set<bigint>; locked: bigint };

/** What an input spends. */
export type Spent = { readonly value: bigint };

/** A pool's state: it changes only when a step stands. */
export type PoolState = {
  tip: { readonly txid: Uint8Array; readonly value: bigint };
  /** What pays for steps without a payment. */
  reserve: bigint;
  readonly pairs: readonly PoolPair[];
  readonly opened: Set<string>;
};

/** What a step does: what it says and pays, what it takes in, what the pool holds afterwards. */
export type StepEffect = {
  readonly payload: PoolPayload;
  readonly payment: TransactionOutput | null;
  readonly deposit: (Outpoint & Spent) | null;
  readonly value: bigint;
  readonly apply: () => void;
};

/** Why an execution fails, as its receipt says: not a release, no such receiver, more than is locked, less than a payment may be, another contract. */
export const FAILURE_REASON = { func: 1, arguments: 2, locked: 3, dust: 4, peer: 5 } as const;
/** Least payment, in the smallest unit: above what nodes relay (294 for a key's output). */
export const LEAST_PAYMENT = 600n;
const NO_BYTES = new Uint8Array(0);
const ZERO20 = new Uint8Array(20);
const MAX_TIMEOUT_S = 86_400;
const MAX_INDEX = 0xffff_ffffn;
const MS_PER_S = 1_000n;
const CALL_OF = { 2: "execute", 3: "cancel", 4: "settle" } as const;

const refuse = (code: "utxo.step.refused" | "utxo.step.decided" | "utxo.pool.reserve" | "utxo.receipt.mismatch", what: string): never => {
  throw new CodedError(code, { what });
};

/** Name of an output. */
export const outpointKey = ({ txid, vout }: Outpoint): string => `${toHex(txid)}:${String(vout)}`;

/** The amount that a deposit is credited: two steps are paid from it. */
export const creditOf = (value: bigint, feeSats: bigint): bigint => value - 2n * feeSats;

type Rules = { readonly powers: PoolPowers; readonly settings: PoolSettings; readonly state: PoolState; readonly self: Target; readonly poolOutput: Uint8Array };

const pairOf = ({ state }: Rules, peer: number): PoolPair => state.pairs[peer] ?? refuse("utxo.step.refused", "peer");

const depositOf = ({ powers: { sha256 }, settings, poolOutput }: Rules, deposit: Deposit): Outpoint & Spent & { readonly lock: Extract<PoolPayload, { type: "lock" }> } => {
  const rule = { depth: settings.depth, limitBits: settings.limitBits };
  const proven = proveUtxoBlock(sha256, deposit.evidence, rule).transactions.get(deposit.position);
  const output = proven?.transaction.outputs[deposit.vout];
  if (proven === undefined || output === undefined || !equalBytes(output.script, poolOutput)) return refuse("utxo.step.refused", "deposit");
  const lock = proven.transaction.outputs.map(({ script }) => payloadOf(script)).find((each) => each !== null);
  if (lock?.type !== "lock") return refuse("utxo.step.refused", "lock");
  return { txid: proven.txid, vout: deposit.vout, value: output.value, lock };
};

const planOpen = (rules: Rules, deposit: Deposit): StepEffect => {
  const { powers: { hashes }, settings, state, self } = rules;
  const { tip, opened } = state;
  const fee = settings.feeSats;
  const { lock, ...spent } = depositOf(rules, deposit);
  if (opened.has(outpointKey(spent)) || equalBytes(spent.txid, tip.txid)) refuse("utxo.step.decided", "deposit");
  const pair = pairOf(rules, lock.peer);
  const peer = settings.peers[lock.peer];
  const amount = creditOf(spent.value, fee);
  const { timeoutS } = lock;
  if (peer === undefined || amount < LEAST_PAYMENT || timeoutS < 1 || timeoutS > MAX_TIMEOUT_S) return refuse("utxo.step.refused", "lock");
  const index = pair.out + 1n;
  const bodyHash = hashes.bodyHash({ func: "mint", args: assetArgs(lock.receiver, amount), salt: null });
  const requestHash = hashes.requestHash({ source: self, from: settings.service, to: peer.service, index, bodyHash, timeoutMs: BigInt(timeoutS) * MS_PER_S, priority: 0 });
  return {
    payload: { type: "request", peer: lock.peer, index: Number(index), requestHash, receiver: lock.receiver, amount, timeoutS },
    payment: null,
    deposit: spent,
    value: tip.value + spent.value - fee,
    apply: () => {
      opened.add(outpointKey(spent));
      pair.out = index;
      pair.pending.set(index, { requestHash, amount, refund: lock.refund });
      pair.locked += amount;
    },
  };
};

/** What a request of a peer does: a payment, or the reason why there is none. */
const releaseOf = (fee: bigint, pair: PoolPair, peer: PoolSettings["peers"][number], body: NonNullable<Parameters<typeof checkSubmission>[2]["body"]>): { readonly reason: number; readonly amount: bigint; readonly receiver: Uint8Array } => {
  const [receiver = NO_BYTES, amountWord = NO_BYTES] = body.args;
  const none = { amount: 0n, receiver: ZERO20 };
  if (!equalBytes(body.srcChain, peer.chain) || !equalBytes(body.srcContract, peer.contract)) return { reason: FAILURE_REASON.peer, ...none };
  if (body.func !== "release" || body.isPrivate) return { reason: FAILURE_REASON.func, ...none };
  const isWhole = body.args.length === 2 && receiver.length === 32 && amountWord.length === 32 && receiver.subarray(0, 12).every((byte) => byte === 0);
  if (!isWhole || receiver.every((byte) => byte === 0)) return { reason: FAILURE_REASON.arguments, ...none };
  const amount = BigInt(`0x${toHex(amountWord)}`);
  if (amount > pair.locked) return { reason: FAILURE_REASON.locked, ...none };
  if (amount < fee + LEAST_PAYMENT) return { reason: FAILURE_REASON.dust, ...none };
  return { reason: 0, amount, receiver: receiver.slice(12) };
};

type Submitted = { readonly peer: number; readonly entry: Parameters<typeof checkSubmission>[2]["entry"]; readonly body: Parameters<typeof checkSubmission>[2]["body"] };

/** The one entry of a submission, attested for this pool. */
const submittedOf = ({ powers, settings, self }: Rules, { step, submission }: Extract<Proposal, { step: 2 | 3 | 4 }>): Submitted => {
  const [entry] = submission.entries;
  const isDecide = step !== STEP.settle;
  const call = CALL_OF[step];
  if (entry === undefined || submission.entries.length !== 1 || submission.call !== SUBMIT_CALL[call]) return refuse("utxo.step.refused", "submission");
  const peer = settings.peers.findIndex(({ service }) => service === (isDecide ? entry.from : entry.to));
  if (peer < 0 || (isDecide ? entry.to : entry.from) !== settings.service) return refuse("utxo.step.refused", "service");
  if (entry.index < 1n || entry.index > MAX_INDEX) return refuse("utxo.step.refused", "index");
  const body = submission.bodies[0] ?? null;
  const result = submission.results[0] ?? NO_BYTES;
  const validators = { epoch: settings.epoch, validators: settings.validators, threshold: settings.validatorThreshold };
  checkSubmission(powers, { relayGenesis: settings.relayGenesis, validators, self }, { call, attestation: submission.attestation, entry, body, result });
  return { peer, entry, body };
};

const planDecision = (rules: Rules, proposal: Extract<Proposal, { step: 2 | 3 | 4 }>): StepEffect => {
  const { settings, state } = rules;
  const { peer, entry, body } = submittedOf(rules, proposal);
  const { index, requestHash } = entry;
  const pair = pairOf(rules, peer);
  const fee = settings.feeSats;
  if (pair.decided.has(index)) refuse("utxo.step.decided", "index");
  const wanted = proposal.step === STEP.execute && body !== null ? releaseOf(fee, pair, settings.peers[peer] ?? refuse("utxo.step.refused", "peer"), body) : null;
  const paid = wanted?.reason === 0 ? wanted : null;
  if (paid === null && state.reserve < fee + LEAST_PAYMENT) refuse("utxo.pool.reserve", "reserve");
  const status = wanted === null ? TX_STATUS.rollback : paid === null ? TX_STATUS.failure : TX_STATUS.success;
  return {
    payload: { type: "receipt", peer, index: Number(index), status, requestHash, reason: wanted?.reason ?? 0 },
    payment: paid === null ? null : { value: paid.amount - fee, script: payToProgram(paid.receiver) },
    deposit: null,
    value: state.tip.value - (paid?.amount ?? fee),
    apply: () => {
      pair.decided.add(index);
      if (paid === null) state.reserve -= fee;
      else pair.locked -= paid.amount;
    },
  };
};

const planSettle = (rules: Rules, proposal: Extract<Proposal, { step: 2 | 3 | 4 }>): StepEffect => {
  const { settings, state } = rules;
  const { peer, entry } = submittedOf(rules, proposal);
  const { index, requestHash, status } = entry;
  const pair = pairOf(rules, peer);
  const open = pair.pending.get(index);
  if (open === undefined) return refuse("utxo.step.decided", "index");
  if (!equalBytes(open.requestHash, requestHash)) refuse("utxo.receipt.mismatch", "requestHash");
  const isBack = status !== TX_STATUS.success;
  if (isBack && status !== TX_STATUS.failure && status !== TX_STATUS.rollback) refuse("utxo.step.refused", "status");
  return {
    payload: { type: "settled", peer, index: Number(index), status },
    payment: isBack ? { value: open.amount, script: payToProgram(open.refund) } : null,
    deposit: null,
    value: state.tip.value - settings.feeSats - (isBack ? open.amount : 0n),
    apply: () => {
      pair.pending.delete(index);
      pair.settled.add(index);
      if (isBack) pair.locked -= open.amount;
    },
  };
};

/** What a proposal does to a pool in its present state. @throws utxo.*, proof.*, protocol.attestation.*, protocol.submission.mismatch */
export const effectOf = (rules: Rules, proposal: Proposal): StepEffect => {
  if (proposal.step === STEP.open) return planOpen(rules, proposal.deposit);
  return proposal.step === STEP.settle ? planSettle(rules, proposal) : planDecision(rules, proposal);
};
