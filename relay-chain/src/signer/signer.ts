import { CodedError, equalBytes, type Log, type Result, type Secp256k1 } from "@crossguardian/kernel";
import { proveUtxoBlock } from "@crossguardian/proof";
import { type WitnessedHeader } from "@crossguardian/protocol";
import { type CertifiedStep, certifiedStep, MAX_STEPS_PER_ANSWER, type Pool, type PoolSettings, proposalCodec, type SignerAnswer, type SignerQuestion, STEP } from "@crossguardian/utxo";
import { decodeMessage, encodeMessage } from "@crossguardian/wire";
import { type RecordLog } from "../log/record-log.ts";

/** First byte of a record in a signer's log. */
export const SIGNER_RECORD = { identity: 1, signed: 2, certified: 3 } as const;

/** What a signer is made of. */
export type SignerParts = {
  readonly pool: Pool;
  readonly settings: PoolSettings;
  readonly journal: Pick<RecordLog, "append" | "flush">;
  readonly secp256k1: Pick<Secp256k1, "sign">;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly key: Uint8Array;
  /** The agreed header at a height, of this signer's own endpoints. */
  readonly headerAt: (height: bigint) => Promise<Result<WitnessedHeader>>;
  readonly log: Log;
  /** Steps from the log, and what was signed for the next one. */
  readonly certified: CertifiedStep[];
  pending: Uint8Array;
  /** False: its log was lost. */
  readonly maySign: boolean;
};

/** A signer: what it answers, and how many steps stand for it. */
export type Signer = { readonly answer: (untrusted: SignerQuestion) => Promise<SignerAnswer>; readonly steps: () => number };

const NONE = new Uint8Array(0);
const QUESTION = { status: 1, sign: 2, certify: 3 } as const;

const checkDeposit = async (parts: SignerParts, height: bigint, evidence: Uint8Array): Promise<void> => {
  const { depth, limitBits } = parts.settings;
  const { header } = proveUtxoBlock(parts.sha256, evidence, { depth, limitBits });
  const agreed = await parts.headerAt(height);
  if (!agreed.ok) throw new CodedError(agreed.failure.code, agreed.failure.facts);
  if (!equalBytes(agreed.value.hash, header.hash)) throw new CodedError("utxo.step.refused", { what: "header" });
};

const signStep = async (parts: SignerParts, number: number, encoded: Uint8Array): Promise<readonly Uint8Array[]> => {
  const { pool } = parts;
  if (!parts.maySign) throw new CodedError("utxo.signer.logLost");
  if (number !== pool.steps()) throw new CodedError("utxo.step.number", { number, steps: pool.steps() });
  if (parts.pending.length > 0 && !equalBytes(parts.pending, encoded)) throw new CodedError("utxo.step.taken");
  const proposal = decodeMessage(proposalCodec, encoded);
  if (!proposal.ok) throw new CodedError(proposal.failure.code, proposal.failure.facts);
  const step = pool.plan(proposal.value);
  if (parts.pending.length === 0) {
    if (proposal.value.step === STEP.open) await checkDeposit(parts, proposal.value.deposit.height, proposal.value.deposit.evidence);
    parts.journal.append(Uint8Array.of(SIGNER_RECORD.signed), encoded.slice());
    await parts.journal.flush(); // one proposal for each step, also after a crash: the signature leaves when the log has it
    parts.pending = encoded.slice();
  }
  return step.spent.map((_, input) => {
    const { signature, recovery } = parts.secp256k1.sign(pool.digest(step, input), parts.key);
    return Uint8Array.of(...signature, recovery);
  });
};

const takeStep = async (parts: SignerParts, untrusted: CertifiedStep): Promise<void> => {
  if (untrusted.number < parts.pool.steps()) return;
  parts.pool.certify(untrusted);
  const kept = { number: untrusted.number, proposal: untrusted.proposal.slice(), signatures: untrusted.signatures.map((some) => some.map((each) => each.slice())) };
  parts.journal.append(Uint8Array.of(SIGNER_RECORD.certified), encodeMessage(certifiedStep, kept));
  await parts.journal.flush();
  parts.certified.push(kept);
  parts.pending = NONE;
};

/**
 * Makes a signer: it signs at most one proposal for each step, after its log has it, and only what the pool's rules allow. A step
 * with the signatures of t signers stands, and two of them can not for one number: 2t > n + f. Questions are taken one by one.
 */
export const makeSigner = (parts: SignerParts): Signer => {
  let last: Promise<unknown> = Promise.resolve();
  const take = async ({ kind, number, proposal, signatures }: SignerQuestion): Promise<SignerAnswer> => {
    let [code, signed]: [string, readonly Uint8Array[]] = ["", []];
    try {
      if (kind === QUESTION.sign) signed = await signStep(parts, number, proposal);
      else if (kind === QUESTION.certify) await takeStep(parts, { number, proposal, signatures });
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      code = error.code;
      parts.log.warn(error.code, error.failure.facts);
    }
    const certified = kind === QUESTION.status ? parts.certified.slice(number, number + MAX_STEPS_PER_ANSWER) : [];
    return { code, steps: parts.pool.steps(), pending: parts.pending, certified, signatures: signed };
  };
  return {
    steps: parts.pool.steps,
    answer: async (untrusted) => {
      const mine = last.then(async () => take(untrusted));
      last = mine.catch(() => undefined);
      return mine;
    },
  };
};
