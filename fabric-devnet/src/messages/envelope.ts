import { common, peer } from "@hyperledger/fabric-protos";
import { type Member } from "../organization.ts";
import { signLowS } from "../pki/signer.ts";
import { type Proposal } from "./proposal.ts";

/** common.Payload of an endorser transaction. */
export const transactionPayload = (
  proposal: Pick<Proposal, "channelHeader" | "signatureHeader" | "payload">,
  responsePayload: Uint8Array,
  endorsements: readonly peer.Endorsement[],
): Uint8Array => {
  const endorsed = new peer.ChaincodeEndorsedAction();
  endorsed.setProposalResponsePayload(responsePayload);
  endorsed.setEndorsementsList([...endorsements]);
  const actionPayload = new peer.ChaincodeActionPayload();
  actionPayload.setChaincodeProposalPayload(proposal.payload);
  actionPayload.setAction(endorsed);
  const action = new peer.TransactionAction();
  action.setHeader(proposal.signatureHeader);
  action.setPayload(actionPayload.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.addActions(action);
  const header = new common.Header();
  header.setChannelHeader(proposal.channelHeader);
  header.setSignatureHeader(proposal.signatureHeader);
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(transaction.serializeBinary());
  return payload.serializeBinary();
};

/** common.Envelope signed by the client. */
export const signEnvelope = (payload: Uint8Array, client: Member, sign = signLowS): Uint8Array => {
  const envelope = new common.Envelope();
  envelope.setPayload(payload);
  envelope.setSignature(sign(client.key, payload));
  return envelope.serializeBinary();
};
