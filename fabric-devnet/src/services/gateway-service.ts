import { type sendUnaryData, type ServiceError, type UntypedServiceImplementation, type ServerUnaryCall, type ServerWritableStream, status } from "@grpc/grpc-js";
import { common, gateway, type peer } from "@hyperledger/fabric-protos";
import { type Channel } from "../ledger/channel.ts";
import { type EndorsementPolicy } from "../ledger/open-transaction.ts";
import { type Orderer } from "../ledger/orderer.ts";
import { responseOf } from "../messages/endorsement.ts";
import { transactionPayload } from "../messages/envelope.ts";
import { type MembershipChecker } from "../msp.ts";
import { type Endorsed, type Endorser, type OpenedProposal, openProposal, ProposalRefused } from "../peer/endorser.ts";
import { streamEvents } from "./chaincode-events.ts";
import { serviceError } from "./status.ts";

/** What a peer's gateway service stands on. */
export type GatewayPowers = {
  readonly channel: Channel;
  readonly members: MembershipChecker;
  readonly policy: EndorsementPolicy;
  readonly orderer: Orderer;
  /** Its own first. */
  readonly endorsers: readonly Endorser[];
};

const OK_BELOW = 400;

const chaincodeMessage = ({ outcome }: Endorsed): string => `chaincode response ${outcome.status.toString()}, ${outcome.message}`;
const isEqual = (left: Uint8Array, right: Uint8Array): boolean => Buffer.from(left).equals(Buffer.from(right));

/** Opens a proposal, or refuses it the way evaluating (9) or endorsing (10) does. */
const open = (powers: GatewayPowers, signed: peer.SignedProposal | undefined, channelId: string, refusal: status): OpenedProposal => {
  const [own] = powers.endorsers;
  if (signed === undefined) throw serviceError(status.INVALID_ARGUMENT, "a signed proposal is required");
  if (channelId !== powers.channel.name) throw serviceError(status.UNAVAILABLE, `failed to get peers for channel ${channelId}`);
  try {
    const proposal = openProposal(powers.members, signed);
    if (proposal.chaincode !== powers.channel.chaincode) throw serviceError(status.FAILED_PRECONDITION, `no peers available to evaluate chaincode ${proposal.chaincode}`);
    return proposal;
  } catch (error) {
    if (!(error instanceof ProposalRefused)) throw error;
    const detail = { address: own?.address ?? "", mspId: own?.member.mspId ?? "", message: `error validating proposal: ${error.message}` };
    throw serviceError(refusal, refusal === status.ABORTED ? `failed to endorse transaction, see attached details for more info: ${error.message}` : error.message, [detail]);
  }
};

const evaluate = async (powers: GatewayPowers, request: gateway.EvaluateRequest): Promise<gateway.EvaluateResponse> => {
  const proposal = open(powers, request.getProposedTransaction(), request.getChannelId(), status.FAILED_PRECONDITION);
  const [own] = powers.endorsers;
  if (own === undefined) throw serviceError(status.UNAVAILABLE, "no peers");
  const endorsed = await powers.channel.lock.shared(async () => own.simulate(proposal));
  if (endorsed.outcome.status >= OK_BELOW) {
    const message = chaincodeMessage(endorsed);
    throw serviceError(status.UNKNOWN, "evaluate call to endorser returned error: " + message, [{ address: own.address, mspId: own.member.mspId, message }]);
  }
  const response = new gateway.EvaluateResponse();
  response.setResult(responseOf(endorsed.outcome));
  return response;
};

const endorse = async (powers: GatewayPowers, request: gateway.EndorseRequest): Promise<gateway.EndorseResponse> => {
  const proposal = open(powers, request.getProposedTransaction(), request.getChannelId(), status.ABORTED);
  if (powers.channel.committed(proposal.txId) !== null) {
    const [own] = powers.endorsers;
    const message = `duplicate transaction found [${proposal.txId}]`;
    throw serviceError(status.ABORTED, "failed to endorse transaction, see attached details for more info", [{ address: own?.address ?? "", mspId: own?.member.mspId ?? "", message }]);
  }
  const chosen = powers.endorsers.filter(({ member }) => powers.policy.mspIds.includes(member.mspId)).slice(0, powers.policy.threshold);
  const results = await powers.channel.lock.shared(async () => Promise.all(chosen.map(async (each) => each.simulate(proposal))));
  const bad = results.findIndex(({ outcome }) => outcome.status >= OK_BELOW);
  const failed = results[bad];
  if (failed !== undefined) {
    const at = chosen[bad];
    const message = chaincodeMessage(failed);
    throw serviceError(status.ABORTED, "failed to endorse transaction, see attached details for more info", [{ address: at?.address ?? "", mspId: at?.member.mspId ?? "", message }]);
  }
  const [first] = results;
  if (first === undefined || !results.every(({ payload }) => isEqual(payload, first.payload))) {
    throw serviceError(status.ABORTED, "failed to assemble transaction: ProposalResponsePayloads do not match");
  }
  const envelope = new common.Envelope();
  envelope.setPayload(transactionPayload(proposal, first.payload, results.map(({ endorsement }) => endorsement)));
  const response = new gateway.EndorseResponse();
  response.setPreparedTransaction(envelope);
  return response;
};

const submit = (powers: GatewayPowers, request: gateway.SubmitRequest): gateway.SubmitResponse => {
  if (request.getChannelId() !== powers.channel.name) throw serviceError(status.UNAVAILABLE, `failed to get orderers for channel ${request.getChannelId()}`);
  const envelope = request.getPreparedTransaction();
  if (envelope === undefined) throw serviceError(status.INVALID_ARGUMENT, "a prepared transaction is required");
  const payloadBytes = envelope.getPayload_asU8();
  const payload = common.Payload.deserializeBinary(payloadBytes);
  const header = common.SignatureHeader.deserializeBinary(payload.getHeader()?.getSignatureHeader_asU8() ?? new Uint8Array(0));
  if (powers.members.fault(header.getCreator_asU8(), payloadBytes, envelope.getSignature_asU8()) !== null) {
    const detail = { address: "orderer", mspId: "OrdererMSP", message: "received unsuccessful response from orderer: status=FORBIDDEN" };
    throw serviceError(status.ABORTED, "failed to submit transaction to orderer, status=FORBIDDEN", [detail]);
  }
  powers.orderer.order(envelope.serializeBinary());
  return new gateway.SubmitResponse();
};

const commitStatus = async (powers: GatewayPowers, signed: gateway.SignedCommitStatusRequest, onOver: (run: () => void) => void): Promise<gateway.CommitStatusResponse> => {
  const bytes = signed.getRequest_asU8();
  const request = gateway.CommitStatusRequest.deserializeBinary(bytes);
  if (powers.members.fault(request.getIdentity_asU8(), bytes, signed.getSignature_asU8()) !== null) {
    throw serviceError(status.PERMISSION_DENIED, "access denied");
  }
  const { channel } = powers;
  const answer = (): gateway.CommitStatusResponse | null => {
    const found = channel.committed(request.getTransactionId());
    if (found === null) return null;
    const response = new gateway.CommitStatusResponse();
    response.setResult(found.code as peer.TxValidationCodeMap[keyof peer.TxValidationCodeMap]);
    response.setBlockNumber(found.height);
    return response;
  };
  return (
    answer() ??
    (await new Promise<gateway.CommitStatusResponse>((resolve, reject) => {
      const stop = channel.onBlock(() => {
        const found = answer();
        if (found === null) return;
        stop();
        resolve(found);
      });
      onOver(() => {
        stop();
        reject(serviceError(status.CANCELLED, "cancelled"));
      });
    }))
  );
};

type Unary<Q, A> = (call: ServerUnaryCall<Q, A>, callback: sendUnaryData<A>) => void;

const unary =
  <Q, A>(run: (request: Q, call: ServerUnaryCall<Q, A>) => Promise<A> | A): Unary<Q, A> =>
  (call, callback) => {
    const answer = async (): Promise<A> => run(call.request, call);
    answer().then(
      (value) => callback(null, value),
      (error: unknown) => callback(error instanceof Error && "code" in error ? (error as ServiceError) : serviceError(status.UNKNOWN, String(error))),
    );
  };

/** The gateway service of a peer (gateway.Gateway). */
export const makeGatewayService = (powers: GatewayPowers): UntypedServiceImplementation => ({
  evaluate: unary<gateway.EvaluateRequest, gateway.EvaluateResponse>(async (request) => evaluate(powers, request)),
  endorse: unary<gateway.EndorseRequest, gateway.EndorseResponse>(async (request) => endorse(powers, request)),
  submit: unary<gateway.SubmitRequest, gateway.SubmitResponse>((request) => submit(powers, request)),
  commitStatus: unary<gateway.SignedCommitStatusRequest, gateway.CommitStatusResponse>(async (request, call) =>
    commitStatus(powers, request, (run) => call.once("cancelled", run)),
  ),
  chaincodeEvents: (call: ServerWritableStream<gateway.SignedChaincodeEventsRequest, gateway.ChaincodeEventsResponse>): void => {
    streamEvents(powers, call);
  },
});
