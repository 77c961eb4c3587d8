import { common, peer } from "@hyperledger/fabric-protos";
import { type Channel } from "../ledger/channel.ts";
import { simulate } from "../ledger/world-state.ts";
import { encodeReadWriteSet, endorse, type Outcome, proposalResponsePayload } from "../messages/endorsement.ts";
import { sha256 } from "../messages/hash.ts";
import { type MembershipChecker } from "../msp.ts";
import { type Member } from "../organization.ts";
import { type ChaincodeLink } from "./chaincode-link.ts";

/** A proposal as it came, opened and checked. */
export type OpenedProposal = {
  readonly txId: string;
  readonly chaincode: string;
  readonly channel: string;
  /** peer.ChaincodeInput. */
  readonly input: Uint8Array;
  readonly signed: peer.SignedProposal;
  readonly channelHeader: Uint8Array;
  readonly signatureHeader: Uint8Array;
  /** Without the transient map. */
  readonly payload: Uint8Array;
};

/** What an endorsement is made of. */
export type Endorsed = { readonly outcome: Outcome; readonly payload: Uint8Array; readonly endorsement: peer.Endorsement };

/** A peer that endorses. */
export type Endorser = { readonly member: Member; readonly address: string; readonly simulate: (proposal: OpenedProposal) => Promise<Endorsed> };

/** Why a proposal is refused before anything runs. */
export class ProposalRefused extends Error {
  readonly why: "access denied" | "malformed";

  constructor(why: "access denied" | "malformed", message: string) {
    super(message);
    this.why = why;
  }
}

const withoutTransient = (payload: peer.ChaincodeProposalPayload): Uint8Array => {
  const bare = new peer.ChaincodeProposalPayload();
  bare.setInput(payload.getInput_asU8());
  return bare.serializeBinary();
};

/** Opens a signed proposal: creator, signature and transaction id. @throws ProposalRefused */
export const openProposal = (members: MembershipChecker, signed: peer.SignedProposal): OpenedProposal => {
  const proposalBytes = signed.getProposalBytes_asU8();
  const proposal = peer.Proposal.deserializeBinary(proposalBytes);
  const header = common.Header.deserializeBinary(proposal.getHeader_asU8());
  const channelHeader = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
  const signatureHeader = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
  const creator = signatureHeader.getCreator_asU8();
  const fault = members.fault(creator, proposalBytes, signed.getSignature_asU8());
  if (fault !== null) throw new ProposalRefused("access denied", "access denied");
  const txId = channelHeader.getTxId();
  if (txId !== sha256(signatureHeader.getNonce_asU8(), creator).toString("hex")) {
    throw new ProposalRefused("malformed", "incorrectly computed txid");
  }
  const payload = peer.ChaincodeProposalPayload.deserializeBinary(proposal.getPayload_asU8());
  const spec = peer.ChaincodeInvocationSpec.deserializeBinary(payload.getInput_asU8()).getChaincodeSpec();
  const input = spec?.getInput();
  const chaincode = spec?.getChaincodeId()?.getName() ?? "";
  if (input === undefined || chaincode === "") throw new ProposalRefused("malformed", "the proposal names no chaincode");
  return {
    txId,
    chaincode,
    channel: channelHeader.getChannelId(),
    input: input.serializeBinary(),
    signed,
    channelHeader: header.getChannelHeader_asU8(),
    signatureHeader: header.getSignatureHeader_asU8(),
    payload: withoutTransient(payload),
  };
};

/** Makes the endorsing part of a peer. */
export const makeEndorser = (member: Member, address: string, channel: Channel, link: ChaincodeLink): Endorser => ({
  member,
  address,
  simulate: async (proposal) => {
    const simulation = simulate(channel.state);
    const { txId, input, signed } = proposal;
    const outcome = await link.invoke({ channel: channel.name, txId, input, proposal: signed }, simulation);
    const results = encodeReadWriteSet(channel.chaincode, simulation.done());
    const payload = proposalResponsePayload(channel.chaincode, proposal, outcome, results);
    return { outcome, payload, endorsement: endorse(payload, member) };
  },
});
