import { type ServerWritableStream, status } from "@grpc/grpc-js";
import { gateway, orderer } from "@hyperledger/fabric-protos";
import { type Channel } from "../ledger/channel.ts";
import { type MembershipChecker } from "../msp.ts";
import { serviceError } from "./status.ts";

/** First block a seek position means: the next commit when it says nothing. */
export const seekStart = (position: orderer.SeekPosition | undefined, height: number): number => {
  switch (position?.getTypeCase()) {
    case orderer.SeekPosition.TypeCase.OLDEST:
      return 0;
    case orderer.SeekPosition.TypeCase.NEWEST:
      return height - 1;
    case orderer.SeekPosition.TypeCase.SPECIFIED:
      return position.getSpecified()?.getNumber() ?? 0;
    default:
      return height;
  }
};

type Call = ServerWritableStream<gateway.SignedChaincodeEventsRequest, gateway.ChaincodeEventsResponse>;

/** Streams chaincode events from the next commit, a given block, or after a transaction. */
export const streamEvents = ({ channel, members }: { readonly channel: Channel; readonly members: MembershipChecker }, call: Call): void => {
  const bytes = call.request.getRequest_asU8();
  const request = gateway.ChaincodeEventsRequest.deserializeBinary(bytes);
  if (members.fault(request.getIdentity_asU8(), bytes, call.request.getSignature_asU8()) !== null) {
    call.emit("error", serviceError(status.PERMISSION_DENIED, "access denied"));
    return;
  }
  let next = seekStart(request.getStartPosition(), channel.height());
  let after = request.getAfterTransactionId();
  const pump = (): void => {
    for (let block = channel.block(next); block !== null && !call.cancelled; block = channel.block(next)) {
      next += 1;
      let { events } = block;
      if (after !== "" && block.txIds.includes(after)) {
        const passed = block.txIds.slice(0, block.txIds.indexOf(after) + 1);
        events = events.filter(({ txId }) => !passed.includes(txId));
        after = "";
      }
      const told = events.filter(({ event }) => event.getChaincodeId() === request.getChaincodeId());
      if (told.length === 0) continue;
      const response = new gateway.ChaincodeEventsResponse();
      response.setBlockNumber(block.height);
      response.setEventsList(told.map(({ event }) => event));
      call.write(response);
    }
  };
  const stop = channel.onBlock(pump);
  call.on("cancelled", stop);
  call.on("close", stop);
  pump();
};
