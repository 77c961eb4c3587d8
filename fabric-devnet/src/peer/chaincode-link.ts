import { type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { peer } from "@hyperledger/fabric-protos";
import { type Outcome } from "../messages/endorsement.ts";
import { type Simulation } from "../ledger/world-state.ts";

/** One peer's stream to the chaincode, which runs as a service of its own. */
export type ChaincodeLink = {
  readonly invoke: (call: { readonly channel: string; readonly txId: string; readonly input: Uint8Array; readonly proposal: peer.SignedProposal }, simulation: Simulation) => Promise<Outcome>;
  readonly ready: Promise<void>;
  readonly close: () => void;
};

const TYPE = peer.ChaincodeMessage.Type;
const INVOKE_DEADLINE_MS = 30_000;
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const NOTHING = new Uint8Array(0);

type Stream = ClientDuplexStream<peer.ChaincodeMessage, peer.ChaincodeMessage>;
type Running = { readonly simulation: Simulation; readonly finish: (outcome: Outcome | Error) => void };

const answer = (message: peer.ChaincodeMessage, type: number, payload: Uint8Array): peer.ChaincodeMessage => {
  const reply = new peer.ChaincodeMessage();
  reply.setType(type as peer.ChaincodeMessage.TypeMap[keyof peer.ChaincodeMessage.TypeMap]);
  reply.setTxid(message.getTxid());
  reply.setChannelId(message.getChannelId());
  reply.setPayload(payload);
  return reply;
};

/** Answers what a running chaincode asks of its peer; null for what this test network has not. */
const serve = (simulation: Simulation, message: peer.ChaincodeMessage): Uint8Array | null => {
  switch (message.getType()) {
    case TYPE.GET_STATE:
      return simulation.read(peer.GetState.deserializeBinary(message.getPayload_asU8()).getKey());
    case TYPE.PUT_STATE: {
      const put = peer.PutState.deserializeBinary(message.getPayload_asU8());
      simulation.write(put.getKey(), put.getValue_asU8());
      return NOTHING;
    }
    case TYPE.DEL_STATE:
      simulation.write(peer.DelState.deserializeBinary(message.getPayload_asU8()).getKey(), null);
      return NOTHING;
    default:
      return null;
  }
};

const outcomeOf = (message: peer.ChaincodeMessage): Outcome => {
  const response = peer.Response.deserializeBinary(message.getPayload_asU8());
  const event = message.getChaincodeEvent();
  const hasEvent = event !== undefined && event.getEventName() !== "";
  return {
    status: response.getStatus(),
    message: response.getMessage(),
    payload: response.getPayload_asU8(),
    event: hasEvent ? { name: event.getEventName(), payload: event.getPayload_asU8() } : null,
  };
};

/** Connects to a chaincode at host:port and registers it. */
export const linkChaincode = (address: string): ChaincodeLink => {
  const options = { "grpc.max_receive_message_length": MAX_MESSAGE_BYTES, "grpc.max_send_message_length": MAX_MESSAGE_BYTES };
  const client = new peer.ChaincodeClient(address, credentials.createInsecure(), options);
  const stream = client.connect() as Stream;
  const running = new Map<string, Running>();
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  ready.catch(() => undefined);

  const failAll = (error: Error): void => {
    reject(error);
    for (const each of running.values()) each.finish(error);
  };
  stream.on("error", failAll);
  stream.on("end", () => failAll(new Error("the chaincode ended its stream")));
  stream.on("data", (message: peer.ChaincodeMessage) => {
    const type = message.getType();
    if (type === TYPE.REGISTER) {
      stream.write(answer(message, TYPE.REGISTERED, NOTHING));
      stream.write(answer(message, TYPE.READY, NOTHING));
      resolve();
      return;
    }
    const run = running.get(message.getTxid());
    if (run === undefined) return;
    if (type === TYPE.COMPLETED) run.finish(outcomeOf(message));
    else if (type === TYPE.ERROR) run.finish(new Error(Buffer.from(message.getPayload_asU8()).toString()));
    else {
      const payload = serve(run.simulation, message);
      stream.write(payload === null ? answer(message, TYPE.ERROR, Buffer.from("not in this test network")) : answer(message, TYPE.RESPONSE, payload));
    }
  });

  return {
    ready,
    close: () => {
      stream.cancel();
      client.close();
    },
    invoke: async ({ channel, txId, input, proposal }, simulation) =>
      new Promise<Outcome>((resolveInvoke, rejectInvoke) => {
        if (running.has(txId)) {
          rejectInvoke(new Error("this transaction runs already"));
          return;
        }
        const timer = setTimeout(() => running.get(txId)?.finish(new Error("timeout expired while executing transaction")), INVOKE_DEADLINE_MS);
        running.set(txId, {
          simulation,
          finish: (outcome) => {
            clearTimeout(timer);
            running.delete(txId);
            if (outcome instanceof Error) rejectInvoke(outcome);
            else resolveInvoke(outcome);
          },
        });
        const message = new peer.ChaincodeMessage();
        message.setType(TYPE.TRANSACTION);
        message.setTxid(txId);
        message.setChannelId(channel);
        message.setPayload(input);
        message.setProposal(proposal);
        stream.write(message);
      }),
  };
};
