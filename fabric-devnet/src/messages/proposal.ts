import { randomBytes } from "node:crypto";
import { common, peer } from "@hyperledger/fabric-protos";
import timestampPb from "google-protobuf/google/protobuf/timestamp_pb.js";
import { type Member } from "../organization.ts";
import { signLowS } from "../pki/signer.ts";
import { sha256 } from "./hash.ts";

/** A call of a chaincode. */
export type Call = {
  readonly channel: string;
  readonly chaincode: string;
  readonly args: readonly Uint8Array[];
  readonly transient?: Readonly<Record<string, Uint8Array>>;
};

/** What tests may say otherwise than a client would. */
export type ProposalTwist = { readonly txId?: string; readonly nonce?: Uint8Array; readonly timestampS?: number };

/** A proposal with the parts that later messages repeat. */
export type Proposal = {
  readonly txId: string;
  readonly bytes: Uint8Array;
  readonly channelHeader: Uint8Array;
  readonly signatureHeader: Uint8Array;
  /** peer.ChaincodeProposalPayload without the transient map. */
  readonly payload: Uint8Array;
};

const NONCE_BYTES = 24;

const channelHeaderOf = ({ channel, chaincode }: Call, txId: string, timestampS: number): Uint8Array => {
  const extension = new peer.ChaincodeHeaderExtension();
  const chaincodeId = new peer.ChaincodeID();
  chaincodeId.setName(chaincode);
  extension.setChaincodeId(chaincodeId);
  const timestamp = new timestampPb.Timestamp();
  timestamp.setSeconds(timestampS);
  const header = new common.ChannelHeader();
  header.setType(common.HeaderType.ENDORSER_TRANSACTION);
  header.setChannelId(channel);
  header.setTxId(txId);
  header.setTimestamp(timestamp);
  header.setExtension$(extension.serializeBinary());
  return header.serializeBinary();
};

const payloadOf = (call: Call, withTransient: boolean): Uint8Array => {
  const input = new peer.ChaincodeInput();
  input.setArgsList(call.args.map((each) => Uint8Array.from(each)));
  const chaincodeId = new peer.ChaincodeID();
  chaincodeId.setName(call.chaincode);
  const spec = new peer.ChaincodeSpec();
  spec.setType(peer.ChaincodeSpec.Type.NODE);
  spec.setChaincodeId(chaincodeId);
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const payload = new peer.ChaincodeProposalPayload();
  payload.setInput(invocation.serializeBinary());
  if (withTransient) {
    const map = payload.getTransientmapMap() as { set: (name: string, value: Uint8Array) => unknown }; // a jspb.Map, which has no types
    for (const [name, value] of Object.entries(call.transient ?? {})) map.set(name, value);
  }
  return payload.serializeBinary();
};

/** Makes a proposal as a client does; txId = hex(sha256(nonce || creator)). */
export const makeProposal = (client: Member, call: Call, twist: ProposalTwist = {}): Proposal => {
  const nonce = twist.nonce ?? randomBytes(NONCE_BYTES);
  const txId = twist.txId ?? sha256(nonce, client.identity).toString("hex");
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(client.identity);
  signatureHeader.setNonce(nonce);
  const header = new common.Header();
  const channelHeader = channelHeaderOf(call, txId, twist.timestampS ?? Math.floor(Date.now() / 1000));
  header.setChannelHeader(channelHeader);
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const proposal = new peer.Proposal();
  proposal.setHeader(header.serializeBinary());
  proposal.setPayload(payloadOf(call, true));
  return {
    txId,
    bytes: proposal.serializeBinary(),
    channelHeader,
    signatureHeader: signatureHeader.serializeBinary(),
    payload: payloadOf(call, false),
  };
};

/** peer.SignedProposal. */
export const signProposal = (proposalBytes: Uint8Array, client: Member, sign = signLowS): peer.SignedProposal => {
  const signed = new peer.SignedProposal();
  signed.setProposalBytes(proposalBytes);
  signed.setSignature(sign(client.key, proposalBytes));
  return signed;
};
