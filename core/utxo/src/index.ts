export { encodeUtxoTransaction, encodeWithWitness, scriptSignature, signatureHash } from "./encode-transaction.ts";
export { payToProgram, poolProgram, poolScript, recoveryWitness, signersWitness, type PoolKeys } from "./pool-script.ts";
export { encodeProposal, makePool, withLength, type PlannedStep, type Pool } from "./pool.ts";
export { creditOf, FAILURE_REASON, LEAST_PAYMENT, type PoolPair, type PoolPowers } from "./pool-rules.ts";
export {
  certifiedStep,
  MAX_SIGNER_MESSAGE_BYTES,
  MAX_STEPS_PER_ANSWER,
  poolSettings,
  proposalCodec,
  signerAnswer,
  signerQuestion,
  STEP,
  type CertifiedStep,
  type Deposit,
  type PoolSettings,
  type Proposal,
  type SignerAnswer,
  type SignerQuestion,
} from "./proposal.ts";
