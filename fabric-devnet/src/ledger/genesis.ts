import { common } from "@hyperledger/fabric-protos";

/** The envelope of a genesis block: a configuration transaction. It names the channel and holds no configuration tree. */
export const genesisEnvelope = (channel: string): Uint8Array => {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.CONFIG);
  channelHeader.setChannelId(channel);
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(new common.SignatureHeader().serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(new common.ConfigEnvelope().serializeBinary());
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  return envelope.serializeBinary();
};
