import { CodedError, concatBytes, equalBytes, type Hash, toHex } from "@crossguardian/kernel";
import { decodeFabricEvents, FABRIC_EVENT_NAME, type FabricLog } from "./event-list.ts";
import { type Members, type SignedBy } from "./members.ts";
import { readFields } from "./protobuf-fields.ts";
import { type FabricTrust } from "./trust.ts";

/** What a valid transaction of the gateway chaincode proves. */
export type FabricTransaction = { readonly txId: string; readonly timestampS: bigint; readonly logs: readonly FabricLog[] };

const ENDORSER_TRANSACTION = 3n;
const MAX_OK_STATUS = 399n;

type Powers = { readonly sha256: Hash; readonly members: Members };

const readEnvelope = (untrustedEnvelope: Uint8Array) => {
  const envelope = readFields(untrustedEnvelope, "envelope");
  const payloadBytes = envelope.bytes(1);
  const payload = readFields(payloadBytes, "payload");
  const header = readFields(payload.bytes(1), "header");
  const [channelHeaderBytes, signatureHeaderBytes] = [header.bytes(1), header.bytes(2)];
  const channelHeader = readFields(channelHeaderBytes, "channel header");
  const signatureHeader = readFields(signatureHeaderBytes, "signature header");
  return {
    payloadBytes,
    signature: envelope.bytes(2),
    data: payload.bytes(2),
    channelHeaderBytes,
    signatureHeaderBytes,
    type: channelHeader.number(1),
    channel: channelHeader.text(4),
    txId: channelHeader.text(5),
    timestampS: readFields(channelHeader.bytes(3), "timestamp").number(1),
    creator: signatureHeader.bytes(1),
    nonce: signatureHeader.bytes(2),
  };
};

/** The one action of a transaction: what was proposed, what endorsers answered, and their signatures over it. */
const readAction = (data: Uint8Array) => {
  const actions = readFields(data, "transaction").all(1);
  const [only, ...rest] = actions;
  if (only === undefined || rest.length > 0) throw new CodedError("proof.fabric.malformed", { what: "transaction", why: "actions" });
  const action = readFields(only, "action");
  const payload = readFields(action.bytes(2), "action payload");
  const endorsed = readFields(payload.bytes(2), "endorsed action");
  const responseBytes = endorsed.bytes(1);
  const response = readFields(responseBytes, "proposal response");
  const chaincodeAction = readFields(response.bytes(2), "chaincode action");
  return {
    header: action.bytes(1),
    proposalPayload: payload.bytes(1),
    responseBytes,
    endorsements: endorsed.all(2).map((each) => readFields(each, "endorsement")),
    proposalHash: response.bytes(1),
    events: chaincodeAction.bytes(2),
    status: readFields(chaincodeAction.bytes(3), "response").number(1),
    chaincode: readFields(chaincodeAction.bytes(4), "chaincode id").text(2),
  };
};

/**
 * Verifies an envelope as a peer does before it commits, in this order: endorser transaction of this channel, id, creator's
 * signature, chaincode, proposal hash, endorsement policy, success, the event inside. Stops a plugin that makes up or alters a
 * transaction; that the channel committed it as VALID is the block's codes' to say.
 * @throws proof.fabric.*
 */
export const verifyFabricTransaction = (powers: Powers, trust: FabricTrust, untrustedEnvelope: Uint8Array): FabricTransaction => {
  const { sha256, members } = powers;
  const said = readEnvelope(untrustedEnvelope);
  const { txId, timestampS } = said;
  if (said.type !== ENDORSER_TRANSACTION || said.channel !== trust.channel) throw new CodedError("proof.fabric.channel", { type: said.type });
  if (txId !== toHex(sha256(concatBytes([said.nonce, said.creator])))) throw new CodedError("proof.fabric.txId");
  const fault = members.fault({ identity: said.creator, message: said.payloadBytes, signature: said.signature }, timestampS, "");
  if (fault !== null) throw new CodedError("proof.fabric.creator", { because: fault });
  const action = readAction(said.data);
  if (action.chaincode !== trust.chaincode) throw new CodedError("proof.fabric.chaincode", { what: "action" });
  if (!equalBytes(action.header, said.signatureHeaderBytes)) throw new CodedError("proof.fabric.proposalHash", { what: "header" });
  const proposalHash = sha256(concatBytes([said.channelHeaderBytes, action.header, action.proposalPayload]));
  if (!equalBytes(proposalHash, action.proposalHash)) throw new CodedError("proof.fabric.proposalHash", { what: "hash" });
  const signatures = action.endorsements.map((each): SignedBy => {
    const identity = each.bytes(1);
    return { identity, message: concatBytes([action.responseBytes, identity]), signature: each.bytes(2) };
  });
  const wanted = trust.endorsement.threshold;
  const { valid, because } = members.count(trust.endorsement, signatures, timestampS);
  if (valid < wanted) throw new CodedError("proof.fabric.endorsement", { valid, wanted, because });
  if (action.status > MAX_OK_STATUS) throw new CodedError("proof.fabric.event", { what: "status" });
  const event = readFields(action.events, "chaincode event");
  if (event.text(1) !== trust.chaincode) throw new CodedError("proof.fabric.chaincode", { what: "event" });
  if (event.text(2) !== txId) throw new CodedError("proof.fabric.event", { what: "txId" });
  if (event.text(3) !== FABRIC_EVENT_NAME) throw new CodedError("proof.fabric.event", { what: "name" });
  return { txId, timestampS, logs: decodeFabricEvents(event.bytes(4)) };
};

/** Gateway events that an envelope seems to carry; nothing is verified. Empty for anything else, also for what does not decode. */
export const peekFabricEvents = (untrustedEnvelope: Uint8Array, trust: Pick<FabricTrust, "channel" | "chaincode">): readonly FabricLog[] => {
  try {
    const said = readEnvelope(untrustedEnvelope);
    if (said.type !== ENDORSER_TRANSACTION || said.channel !== trust.channel) return [];
    const { events, chaincode } = readAction(said.data);
    if (chaincode !== trust.chaincode || events.length === 0) return [];
    const event = readFields(events, "chaincode event");
    return event.text(3) === FABRIC_EVENT_NAME ? decodeFabricEvents(event.bytes(4)) : [];
  } catch (error) {
    if (error instanceof CodedError) return [];
    throw error;
  }
};
