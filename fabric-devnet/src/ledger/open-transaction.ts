import { common, peer } from "@hyperledger/fabric-protos";
import { type ReadWriteSet, decodeReadWriteSet } from "../messages/endorsement.ts";
import { sha256 } from "../messages/hash.ts";
import { type MembershipChecker } from "../msp.ts";

/** How many of which organizations must endorse. */
export type EndorsementPolicy = { readonly threshold: number; readonly mspIds: readonly string[] };

/** A transaction's verdict before versions are looked at. */
export type OpenedTransaction = {
  readonly txId: string;
  readonly code: number;
  readonly set: ReadWriteSet | null;
  readonly event: peer.ChaincodeEvent | null;
};

/** peer.TxValidationCode. */
export const CODE = peer.TxValidationCode;

type Rules = { readonly channel: string; readonly chaincode: string; readonly policy: EndorsementPolicy; readonly members: MembershipChecker };

const isEndorsed = ({ policy, members }: Rules, payload: Uint8Array, endorsements: readonly peer.Endorsement[]): boolean => {
  const good = new Set<string>();
  for (const each of endorsements) {
    const endorser = each.getEndorser_asU8();
    if (members.fault(endorser, Buffer.concat([payload, endorser]), each.getSignature_asU8()) !== null) continue;
    const member = members.memberOf(endorser);
    if (member?.unit === "peer" && policy.mspIds.includes(member.mspId)) good.add(member.mspId);
  }
  return good.size >= policy.threshold;
};

const look = (rules: Rules, envelopeBytes: Uint8Array): OpenedTransaction => {
  const envelope = common.Envelope.deserializeBinary(envelopeBytes);
  const payloadBytes = envelope.getPayload_asU8();
  const payload = common.Payload.deserializeBinary(payloadBytes);
  const channelHeaderBytes = payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(0);
  const signatureHeaderBytes = payload.getHeader()?.getSignatureHeader_asU8() ?? new Uint8Array(0);
  const channelHeader = common.ChannelHeader.deserializeBinary(channelHeaderBytes);
  const signatureHeader = common.SignatureHeader.deserializeBinary(signatureHeaderBytes);
  const txId = channelHeader.getTxId();
  const verdict = (code: number): OpenedTransaction => ({ txId, code, set: null, event: null });
  if (channelHeader.getType() !== common.HeaderType.ENDORSER_TRANSACTION || channelHeader.getChannelId() !== rules.channel) return verdict(CODE.BAD_COMMON_HEADER);
  const creator = signatureHeader.getCreator_asU8();
  if (rules.members.fault(creator, payloadBytes, envelope.getSignature_asU8()) !== null) return verdict(CODE.BAD_CREATOR_SIGNATURE);
  if (txId !== sha256(signatureHeader.getNonce_asU8(), creator).toString("hex")) return verdict(CODE.BAD_PROPOSAL_TXID);
  const [action, ...rest] = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList();
  if (action === undefined || rest.length > 0) return verdict(CODE.INVALID_ENDORSER_TRANSACTION);
  const actionPayload = peer.ChaincodeActionPayload.deserializeBinary(action.getPayload_asU8());
  const endorsed = actionPayload.getAction();
  const responseBytes = endorsed?.getProposalResponsePayload_asU8() ?? new Uint8Array(0);
  const response = peer.ProposalResponsePayload.deserializeBinary(responseBytes);
  const proposalHash = sha256(channelHeaderBytes, signatureHeaderBytes, actionPayload.getChaincodeProposalPayload_asU8());
  if (!proposalHash.equals(Buffer.from(response.getProposalHash_asU8()))) return verdict(CODE.ENDORSEMENT_POLICY_FAILURE);
  if (!isEndorsed(rules, responseBytes, endorsed?.getEndorsementsList() ?? [])) return verdict(CODE.ENDORSEMENT_POLICY_FAILURE);
  const chaincodeAction = peer.ChaincodeAction.deserializeBinary(response.getExtension_asU8());
  if (chaincodeAction.getChaincodeId()?.getName() !== rules.chaincode) return verdict(CODE.INVALID_CHAINCODE);
  const set = decodeReadWriteSet(rules.chaincode, chaincodeAction.getResults_asU8());
  if (set === null) return verdict(CODE.BAD_RWSET);
  const events = chaincodeAction.getEvents_asU8();
  return { txId, code: CODE.VALID, set, event: events.length === 0 ? null : peer.ChaincodeEvent.deserializeBinary(events) };
};

/** Checks a transaction as a committing peer does: header, creator, id, endorsement policy. */
export const openTransaction = (rules: Rules, envelopeBytes: Uint8Array): OpenedTransaction => {
  try {
    return look(rules, envelopeBytes);
  } catch {
    return { txId: "", code: CODE.BAD_PAYLOAD, set: null, event: null };
  }
};
