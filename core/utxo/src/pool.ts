import { CodedError, concatBytes, equalBytes } from "@crossguardian/kernel";
import { decodeUtxoTransaction, type Outpoint, payloadScript, sha256d, type UtxoTransaction } from "@crossguardian/proof";
import { decodeMessage, encodeMessage } from "@crossguardian/wire";
import { encodeUtxoTransaction, signatureHash } from "./encode-transaction.ts";
import { effectOf, outpointKey, type PoolPair, type PoolPowers, type PoolState, type Spent, type StepEffect } from "./pool-rules.ts";
import { payToProgram, poolProgram } from "./pool-script.ts";
import { type CertifiedStep, type PoolSettings, type Proposal, proposalCodec } from "./proposal.ts";

/** A step worked out: the transaction that carries it, and what its inputs spend. */
export type PlannedStep = { readonly transaction: UtxoTransaction; readonly spent: readonly Spent[]; readonly txid: Uint8Array };

const SEQUENCE = 0xffff_fffd;
const VERSION = 2;
const NO_BYTES = new Uint8Array(0);

/** A pool's state and rules: the gateway contract and vault of a UTXO chain, run by its signers; pure and the same for all. */
export type Pool = {
  /** Steps that stand. */
  readonly steps: () => number;
  readonly tip: () => PoolState["tip"];
  /** Works a step out. A deposit's block is proven by its work alone: whether it is the chain's is the caller's to ask. @throws CodedError */
  readonly plan: (proposal: Proposal) => PlannedStep;
  /** Hash that is signed for an input of a planned step. */
  readonly digest: (step: PlannedStep, input: number) => Uint8Array;
  /** Checks t signatures per input and takes the step. @throws CodedError */
  readonly certify: (untrusted: CertifiedStep) => PlannedStep;
  /** Whether a signature over a digest is of the signer at this place. */
  readonly isSignedBy: (digest: Uint8Array, signature: Uint8Array, place: number) => boolean;
  readonly isOpened: (deposit: Outpoint) => boolean;
  readonly pair: (peer: number) => PoolPair;
  readonly program: Uint8Array;
};

const refused = (what: string): CodedError => new CodedError("utxo.step.refused", { what });

/** Makes a pool at its first output. */
export const makePool = (powers: PoolPowers, settings: PoolSettings): Pool => {
  const { sha256 } = powers;
  const program = poolProgram(sha256, settings.script);
  const poolOutput = payToProgram(program);
  const first = decodeUtxoTransaction(settings.funding).outputs[0]?.value ?? 0n;
  const state: PoolState = {
    tip: { txid: sha256d(sha256, settings.funding), value: first },
    reserve: first,
    pairs: settings.peers.map(() => ({ out: 0n, pending: new Map(), settled: new Set(), decided: new Set(), locked: 0n })),
    opened: new Set(),
  };
  const rules = { powers, settings, state, self: { chain: settings.chainWord, contract: program }, poolOutput };
  let steps = 0;

  const stepOf = ({ payload, payment, deposit, value }: StepEffect): PlannedStep => {
    const inputs = [{ txid: state.tip.txid, vout: 0 }, ...(deposit === null ? [] : [deposit])];
    const outputs = [{ value, script: poolOutput }, { value: 0n, script: payloadScript(payload) }, ...(payment === null ? [] : [payment])];
    const transaction = { version: VERSION, inputs: inputs.map(({ txid, vout }) => ({ txid, vout, script: NO_BYTES, sequence: SEQUENCE })), outputs, lockTime: 0 };
    return { transaction, spent: [{ value: state.tip.value }, ...(deposit === null ? [] : [{ value: deposit.value }])], txid: sha256d(sha256, encodeUtxoTransaction(transaction)) };
  };

  const digest: Pool["digest"] = ({ transaction, spent }, input) =>
    signatureHash(sha256, transaction, input, { scriptCode: settings.script, value: spent[input]?.value ?? 0n });
  const isSignedBy: Pool["isSignedBy"] = (hash, signature, place) => {
    const signer = powers.secp256k1.recoverAddress(hash, signature.subarray(0, 64), signature[64] ?? 0);
    const wanted = settings.signers[place];
    return signer !== null && wanted !== undefined && equalBytes(signer, wanted);
  };
  const isCertified = (hash: Uint8Array, signatures: readonly Uint8Array[]): boolean => {
    let place = 0;
    for (const signature of signatures) {
      while (place < settings.signers.length && !isSignedBy(hash, signature, place)) place += 1;
      if (place === settings.signers.length) return false;
      place += 1;
    }
    return signatures.length === settings.threshold;
  };

  return {
    program,
    digest,
    isSignedBy,
    steps: () => steps,
    tip: () => state.tip,
    isOpened: (deposit) => state.opened.has(outpointKey(deposit)),
    pair: (peer) => {
      const pair = state.pairs[peer];
      if (pair === undefined) throw refused("peer");
      return pair;
    },
    plan: (proposal) => stepOf(effectOf(rules, proposal)),
    certify: ({ number, proposal: encoded, signatures }) => {
      const proposal = decodeMessage(proposalCodec, encoded);
      if (!proposal.ok || number !== steps) throw refused("certificate");
      const effect = effectOf(rules, proposal.value);
      const step = stepOf(effect);
      if (signatures.length !== step.spent.length || !signatures.every((some, input) => isCertified(digest(step, input), some))) throw refused("signatures");
      effect.apply();
      state.tip = { txid: step.txid, value: effect.value };
      steps += 1;
      return step;
    },
  };
};

/** Encodes a proposal. */
export const encodeProposal = (proposal: Proposal): Uint8Array => encodeMessage(proposalCodec, proposal);

/** A message after its length, as signers and plugins exchange them. */
export const withLength = (message: Uint8Array): Uint8Array => {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, message.length);
  return concatBytes([length, message]);
};
