import { type Clock, CodedError, type Hash, type Log, toHex } from "@crossguardian/kernel";
import { oneAtATime } from "@crossguardian/plugin-kit";
import { type CertifiedStep, encodeProposal, encodeUtxoTransaction, encodeWithWitness, MAX_STEPS_PER_ANSWER, type PlannedStep, type Pool, type PoolSettings, type Proposal, proposalCodec, scriptSignature, type SignerAnswer, signersWitness } from "@crossguardian/utxo";
import { decodeMessage } from "@crossguardian/wire";
import { askSigners, type SignerLink } from "./ask-signer.ts";

/** Steps that may be in no block yet: nodes keep chains of 25 unconfirmed transactions. */
export const MAX_UNCONFIRMED_STEPS = 20;
/** Proposals that wait for their turn. */
export const MAX_WAITING_PROPOSALS = 1_024;
const PAUSE_MS = 500;
const QUESTION = { status: 1, sign: 2, certify: 3 } as const;
const NONE = new Uint8Array(0);

/** Moves a pool: one step after the other, each signed by t signers, told to all of them, then handed to the node. */
export type StepDriver = {
  /** Queues a proposal; `done` hears an empty code when the step stands or stood already. */
  readonly propose: (key: string, proposal: Proposal, done: (code: string) => void) => void;
  /** The raw transaction of a step, without witness, by its id in hexadecimal. */
  readonly transactionOf: (txid: string) => Uint8Array | null;
  /** A step has been seen in a final block. */
  readonly confirmed: (txid: string) => void;
  readonly wake: () => void;
  /** Brings the pool to what the signers have, as far as they answer. */
  readonly waiting: () => number;
  readonly isSynced: () => boolean;
  readonly stop: () => void;
};

type Parts = {
  readonly pool: Pool;
  readonly settings: PoolSettings;
  readonly signers: readonly SignerLink[];
  readonly sha256: Hash;
  readonly send: (transaction: Uint8Array) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
};

/** The proposal that most signers have signed already, or null. */
const mostSigned = (pendings: readonly Uint8Array[]): Uint8Array | null => {
  const votes = new Map<string, { count: number; readonly proposal: Uint8Array }>();
  for (const proposal of pendings) {
    const vote = votes.get(toHex(proposal)) ?? { count: 0, proposal };
    vote.count += 1;
    votes.set(toHex(proposal), vote);
  }
  return [...votes.values()].sort((left, right) => right.count - left.count)[0]?.proposal ?? null;
};

type AskAll = (kind: 1 | 2 | 3, number: number, proposal: Uint8Array, signatures?: CertifiedStep["signatures"]) => Promise<readonly (SignerAnswer | null)[]>;

/** Asks all signers for a step; null when fewer than t signed each input. */
const collectSignatures = async ({ pool, settings, log }: Parts, askAll: AskAll, step: PlannedStep, encoded: Uint8Array): Promise<CertifiedStep["signatures"] | null> => {
  const answers = await askAll(QUESTION.sign, pool.steps(), encoded);
  const refusal = answers.find((each) => each !== null && each.code !== "")?.code;
  const signatures = step.spent.map((_, input) => {
    const hash = pool.digest(step, input);
    return answers.flatMap((answer, place) => {
      const signature = answer?.signatures[input];
      return signature !== undefined && pool.isSignedBy(hash, signature, place) ? [signature] : [];
    }).slice(0, settings.threshold);
  });
  if (signatures.every((some) => some.length === settings.threshold)) return signatures;
  log.warn("utxo.step.unsigned", { step: pool.steps(), signatures: Math.min(...signatures.map((some) => some.length)), wanted: settings.threshold, ...(refusal === undefined ? {} : { refusal }) });
  return null;
};

/** A step as nodes take it: with its signatures. */
const rawStep = ({ transaction }: PlannedStep, { signatures }: CertifiedStep, script: Uint8Array): Uint8Array =>
  encodeWithWitness(transaction, signatures.map((some) => signersWitness(some.map((each) => scriptSignature(each.subarray(0, 64))), script)));

/** Tells a signer that was away some of the steps it has not; the rest follow with the next round. */
const teachSigner = async (signer: SignerLink | undefined, standing: readonly CertifiedStep[], from: number): Promise<void> => {
  if (signer === undefined) return;
  for (const { number, proposal, signatures } of standing.slice(from, from + MAX_STEPS_PER_ANSWER)) {
    const answer = await signer.ask({ kind: QUESTION.certify, number, proposal, signatures });
    if (answer === null || answer.steps <= number) return;
  }
};

/** Makes a driver. What a signer says is checked like everything else: only a step with t signatures moves the pool. */
export const makeStepDriver = (parts: Parts): StepDriver => {
  const { pool, settings, signers, clock, log } = parts;
  const queue = new Map<string, { readonly proposal: Proposal; readonly done: (code: string) => void }>();
  const known = new Map<string, Uint8Array>([[toHex(pool.tip().txid), settings.funding]]);
  const unconfirmed = new Map<string, Uint8Array>();
  /** Every step that stands, for signers that were away. */
  const standing: CertifiedStep[] = [];
  let isSynced = false;
  let isStopped = false;
  let cancel = (): void => undefined;

  const take = (certified: CertifiedStep): void => {
    const step = pool.certify(certified);
    standing.push({ number: certified.number, proposal: certified.proposal.slice(), signatures: certified.signatures.map((some) => some.map((each) => each.slice())) });
    const txid = toHex(step.txid);
    known.set(txid, encodeUtxoTransaction(step.transaction));
    unconfirmed.set(txid, rawStep(step, certified, settings.script));
  };

  const tryTake = (certified: CertifiedStep): void => {
    if (certified.number !== pool.steps()) return;
    try {
      take(certified);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      log.alarm(error.code, error.failure.facts);
    }
  };

  const askAll: AskAll = async (kind, number, proposal, signatures = []) => askSigners(signers, { kind, number, proposal, signatures }, { enough: settings.threshold, clock });

  /** Takes the steps that signers have and the pool has not; answers what they have signed for the next one. */
  const sync = async (): Promise<Uint8Array | null> => {
    for (;;) {
      const before = pool.steps();
      const answers = await askAll(QUESTION.status, before, NONE);
      const heard = answers.filter((each) => each !== null);
      for (const each of heard.flatMap(({ certified }) => certified)) tryTake(each);
      if (pool.steps() !== before) continue;
      await Promise.all(answers.map(async (answer, place) => teachSigner(signers[place], standing, answer?.steps ?? before)));
      isSynced = heard.length >= settings.threshold;
      return mostSigned(heard.filter(({ steps, pending }) => steps === before && pending.length > 0).map(({ pending }) => pending.slice()));
    }
  };

  const carryOut = async (encoded: Uint8Array, proposal: Proposal): Promise<boolean> => {
    const step = pool.plan(proposal);
    const number = pool.steps();
    const signatures = await collectSignatures(parts, askAll, step, encoded);
    if (signatures === null) return false;
    const answers = await askAll(QUESTION.certify, number, encoded, signatures);
    if (answers.filter((each) => each !== null && each.steps > number).length < settings.threshold) log.warn("utxo.signer.failed", { step: number });
    take({ number, proposal: encoded, signatures });
    return true;
  };

  const tryNext = async (): Promise<boolean> => {
    const pending = await sync();
    if (!isSynced || unconfirmed.size >= MAX_UNCONFIRMED_STEPS) return false;
    if (pending !== null) {
      const proposal = decodeMessage(proposalCodec, pending);
      return proposal.ok && (await carryOut(pending, proposal.value));
    }
    for (const [key, { proposal, done }] of queue) {
      try {
        if (!(await carryOut(encodeProposal(proposal), proposal))) return false;
        queue.delete(key);
        done("");
        return true;
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        queue.delete(key);
        done(error.code === "utxo.step.decided" ? "" : error.code);
        if (error.code !== "utxo.step.decided") log.warn(error.code, error.failure.facts);
      }
    }
    return false;
  };

  const run = oneAtATime(async () => {
    cancel();
    try {
      while (!isStopped && (await tryNext()));
      for (const transaction of unconfirmed.values()) await parts.send(transaction);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      log.warn(error.code, error.failure.facts);
    }
    if (!isStopped) cancel = clock.after(PAUSE_MS, () => void run());
  });
  void run();

  return {
    propose: (key, proposal, done) => {
      if (queue.size >= MAX_WAITING_PROPOSALS && !queue.has(key)) done("utxo.step.refused");
      else queue.set(key, { proposal, done });
      void run();
    },
    transactionOf: (txid) => known.get(txid) ?? null,
    confirmed: (txid) => void unconfirmed.delete(txid),
    wake: () => void run(),
    waiting: () => queue.size,
    isSynced: () => isSynced,
    stop: () => {
      isStopped = true;
      cancel();
      for (const each of signers) each.stop();
    },
  };
};
