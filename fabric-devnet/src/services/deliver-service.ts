import { type ServerDuplexStream, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { common, orderer, peer } from "@hyperledger/fabric-protos";
import { type Channel, type ChannelBlock } from "../ledger/channel.ts";
import { type MembershipChecker } from "../msp.ts";
import { seekStart } from "./chaincode-events.ts";

type Call = ServerDuplexStream<common.Envelope, peer.DeliverResponse>;
type Tell = (block: ChannelBlock) => peer.DeliverResponse;

const statusOf = (code: common.StatusMap[keyof common.StatusMap]): peer.DeliverResponse => {
  const response = new peer.DeliverResponse();
  response.setStatus(code);
  return response;
};

const whole: Tell = ({ block }) => {
  const response = new peer.DeliverResponse();
  response.setBlock(block);
  return response;
};

const filtered =
  (channel: string): Tell =>
  ({ height, txIds, block }) => {
    const codes = block.getMetadata()?.getMetadataList_asU8()[common.BlockMetadataIndex.TRANSACTIONS_FILTER] ?? new Uint8Array(0);
    const told = new peer.FilteredBlock();
    told.setChannelId(channel);
    told.setNumber(height);
    told.setFilteredTransactionsList(
      txIds.map((txId, at) => {
        const transaction = new peer.FilteredTransaction();
        transaction.setTxid(txId);
        transaction.setType(common.HeaderType.ENDORSER_TRANSACTION);
        transaction.setTxValidationCode((codes[at] ?? 0) as peer.TxValidationCodeMap[keyof peer.TxValidationCodeMap]);
        return transaction;
      }),
    );
    const response = new peer.DeliverResponse();
    response.setFilteredBlock(told);
    return response;
  };

type Range = { readonly start: number; readonly stop: number };

const openSeek = (channel: Channel, members: MembershipChecker, envelope: common.Envelope): Range | common.StatusMap[keyof common.StatusMap] => {
  try {
    const payloadBytes = envelope.getPayload_asU8();
    const payload = common.Payload.deserializeBinary(payloadBytes);
    const channelHeader = common.ChannelHeader.deserializeBinary(payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(0));
    const signatureHeader = common.SignatureHeader.deserializeBinary(payload.getHeader()?.getSignatureHeader_asU8() ?? new Uint8Array(0));
    if (channelHeader.getChannelId() !== channel.name) return common.Status.NOT_FOUND;
    if (members.fault(signatureHeader.getCreator_asU8(), payloadBytes, envelope.getSignature_asU8()) !== null) return common.Status.FORBIDDEN;
    const seek = orderer.SeekInfo.deserializeBinary(payload.getData_asU8());
    const start = seekStart(seek.getStart(), channel.height());
    const stop = seek.getStop()?.getTypeCase() === orderer.SeekPosition.TypeCase.NEWEST ? channel.height() - 1 : (seek.getStop()?.getSpecified()?.getNumber() ?? Number.MAX_SAFE_INTEGER);
    return stop < start ? common.Status.BAD_REQUEST : { start, stop };
  } catch {
    return common.Status.BAD_REQUEST;
  }
};

const deliver = (channel: Channel, members: MembershipChecker, tell: Tell) => (call: Call): void => {
  let stop: (() => void) | null = null;
  call.on("data", (envelope: common.Envelope) => {
    const range = openSeek(channel, members, envelope);
    if (typeof range === "number") {
      call.write(statusOf(range));
      return;
    }
    let next = range.start;
    let isDraining = false;
    const pump = (): void => {
      for (let block = channel.block(next); block !== null && next <= range.stop && !isDraining && !call.cancelled; block = channel.block(next)) {
        next += 1;
        if (!call.write(tell(block))) {
          isDraining = true;
          call.once("drain", () => {
            isDraining = false;
            pump();
          });
        }
      }
      if (next > range.stop) {
        stop?.();
        call.write(statusOf(common.Status.SUCCESS));
      }
    };
    stop?.();
    stop = channel.onBlock(pump);
    pump();
  });
  call.on("end", () => {
    stop?.();
    call.end();
  });
  call.on("cancelled", () => stop?.());
  call.on("error", () => stop?.());
};

/** The block service of a peer (protos.Deliver). */
export const makeDeliverService = (channel: Channel, members: MembershipChecker): UntypedServiceImplementation => ({
  deliver: deliver(channel, members, whole),
  deliverFiltered: deliver(channel, members, filtered(channel.name)),
  deliverWithPrivateData: deliver(channel, members, whole),
});
