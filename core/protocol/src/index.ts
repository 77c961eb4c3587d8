export { encodeCall, encodePrivateCall } from "@crossguardian/proof";
export { checkAttestation, type ValidatorSet } from "./attestation.ts";
export { chainOfService } from "./chain-of-service.ts";
export { checkSubmission, type SubmissionTerms, type SubmittedEntry } from "./check-submission.ts";
export { checkPublishedEntry, type ProvenEvent } from "./check-entry.ts";
export { claimedCommitment, claimedFacts, openIbtp, type ClaimedIbtp } from "./claimed-ibtp.ts";
export { makeEntriesTree, type EntriesTree } from "./entries-tree.ts";
export { makeHashes, type CallBody, type Hashes, type RequestFacts, type Target } from "./hashes.ts";
export {
  makeHeaderQuorum,
  type HeaderQuorum,
  type QuorumOutcome,
} from "./header-quorum.ts";
export { MAX_ALONE_PER_WITNESS, MAX_HEADERS_KEPT, type WitnessedHeader } from "./witnessed-heights.ts";
export { makeLedger, REQUEST_WINDOW, type Ledger, type LedgerEntry } from "./ledger.ts";
export {
  applyRegistration,
  hexKey,
  makeRegistry,
  registrationDigest,
  relayGenesisHash,
  targetOf,
  type Registry,
} from "./registry.ts";
export {
  MAX_CHAIN_TERMS_BYTES,
  registryDocument,
  relayGenesisDocument,
  type RegisteredChain,
  type RegisteredGateway,
  type RegisteredService,
  type RegistryDocument,
  type RelayGenesisDocument,
} from "./registry-document.ts";
export { isFinal, stepTransfer, type TransferEvent, type TransferState } from "./transfer-state.ts";
export { wordOf, wordOfBytes } from "@crossguardian/proof";
export {
  interactionConfig,
  networkConfig,
  ordererConfig,
  pluginConfig,
  relayDomainConfig,
  signerConfig,
  validatorConfig,
  witnessConfig,
  type EndpointConfig,
  type InteractionConfig,
  type NetworkConfig,
  type OrdererConfig,
  type PluginConfig,
  type RelayDomainConfig,
  type SignerConfig,
  type ValidatorConfig,
  type WitnessConfig,
} from "./configs.ts";
