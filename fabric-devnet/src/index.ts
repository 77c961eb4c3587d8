export { type BlockWish, headerBytes, type SealedBlock, sealBlock } from "./messages/block.ts";
export { decodeReadWriteSet, encodeReadWriteSet, endorse, type Outcome, proposalResponsePayload, type ReadWriteSet } from "./messages/endorsement.ts";
export { signEnvelope, transactionPayload } from "./messages/envelope.ts";
export { type Call, makeProposal, type Proposal, type ProposalTwist, signProposal } from "./messages/proposal.ts";
export { type Member, makeOrganization, type Organization, serializedIdentity } from "./organization.ts";
export { type Authority, type CertificateWish, issue, type Issued, keyPem, makeAuthority, makeKey, openKey, revoke } from "./pki/certificates.ts";
export { signHighS, signLowS } from "./pki/signer.ts";
