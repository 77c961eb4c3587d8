import { type Codec, bytes, bounds, fixed, hash32, list, MESSAGES, oneOf, struct, text, u32, u64, type Decoded, type Message } from "@crossguardian/wire";

/** What a step of a pool may do. */
export const STEP = { open: 1, execute: 2, cancel: 3, settle: 4 } as const;

/**
 * A step of a pool as it is proposed: `deposit` for open, the submission (one entry) for the others. A submission is the message
 * that any contract gets; its chain and id do not matter here.
 */
export type Proposal =
  | { readonly step: 1; readonly deposit: Deposit }
  | { readonly step: 2 | 3 | 4; readonly submission: Message<"submit"> };

const MAX_EVIDENCE_BYTES = 256 * 1024;

const deposit = struct({
  /** Block of the deposit; its evidence, and where in it the deposit's output is. */
  height: u64,
  evidence: bytes(MAX_EVIDENCE_BYTES),
  position: u32,
  vout: u32,
});
/** A user's output to the pool's script, proven. */
export type Deposit = Decoded<typeof deposit>;

const kind = oneOf([1, 2, 3, 4]);

/** Codec of a proposal. */
export const proposalCodec: Codec<Proposal> = {
  read: (from) => {
    const step = kind.read(from);
    return step === STEP.open ? { step, deposit: deposit.read(from) } : { step, submission: MESSAGES.submit.codec.read(from) };
  },
  write: (to, value) => {
    kind.write(to, value.step);
    if (value.step === STEP.open) deposit.write(to, value.deposit);
    else MESSAGES.submit.codec.write(to, value.submission);
  },
};

/** Steps that one answer tells. */
export const MAX_STEPS_PER_ANSWER = 16;
/** A proposal, in bytes. */
export const MAX_PROPOSAL_BYTES = 512 * 1024;
const signatures = list(list(fixed(65), 16), 2);

/** A step with the signatures of at least t signers per input, in the order of their keys: it stands, whatever else is proposed. */
export const certifiedStep = struct({ number: u32, proposal: bytes(MAX_PROPOSAL_BYTES), signatures });
/** See {@link certifiedStep}. */
export type CertifiedStep = Decoded<typeof certifiedStep>;

/** What a signer is asked: `status` (1) from a step on, `sign` (2) a proposal for a step, `certify` (3) a step. */
export const signerQuestion = struct({ kind: oneOf([1, 2, 3]), number: u32, proposal: bytes(MAX_PROPOSAL_BYTES), signatures });
/** See {@link signerQuestion}. */
export type SignerQuestion = Decoded<typeof signerQuestion>;

/** What it answers: how many steps it has, what it has signed for the next one (empty: nothing), steps asked for, its signatures (one per input), or a code. */
export const signerAnswer = struct({
  code: text(bounds.MAX_NAME_BYTES),
  steps: u32,
  pending: bytes(MAX_PROPOSAL_BYTES),
  certified: list(certifiedStep, MAX_STEPS_PER_ANSWER),
  signatures: list(fixed(65), 2),
});
/** See {@link signerAnswer}. */
export type SignerAnswer = Decoded<typeof signerAnswer>;
/** Question and answer follow their length; none is longer, in bytes. */
export const MAX_SIGNER_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Settings of everyone who knows a pool: its script, its first output, its peers, what a step costs. */
export const poolSettings = struct({
  chain: text(40),
  chainWord: hash32,
  relayGenesis: hash32,
  epoch: u64,
  validators: list(fixed(20), 64),
  validatorThreshold: u32,
  script: bytes(10_000),
  threshold: u32,
  /** Addresses of the signers' keys, in the order of the keys in the script. */
  signers: list(fixed(20), 16),
  /** Transaction whose output 0 begins the pool. */
  funding: bytes(100_000),
  /** Peers in the order of the registration's terms, with their source chain and contract. */
  peers: list(struct({ service: text(160), chain: hash32, contract: hash32 }), 255),
  service: text(160),
  limitBits: u32,
  depth: u32,
  feeSats: u64,
  startHeight: u64,
});
/** See {@link poolSettings}. */
export type PoolSettings = Decoded<typeof poolSettings>;
