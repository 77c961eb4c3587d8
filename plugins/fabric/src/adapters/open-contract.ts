import { CommitError, connect, EndorseError, GatewayError, hash, StatusCode, type Contract } from "@hyperledger/fabric-gateway";
import { CodedError } from "@crossguardian/kernel";
import { type ChannelIdentity, type GrpcConnection } from "@crossguardian/plugin-fabric-blocks";
import { type ContractPort, type TransactionOutcome } from "../contract-port.ts";
import { CALL_DEADLINE_MS, COMMIT_DEADLINE_MS } from "../limits.ts";
import { grpcClientOver } from "./grpc-client.ts";

const MAX_DETAIL_CHARS = 200;
const MISMATCH = "ProposalResponsePayloads do not match";
/** gRPC status by which a peer says that it or the chaincode refused. */
const ABORTED = 10;
const CONFLICTS: ReadonlySet<number> = new Set([StatusCode.MVCC_READ_CONFLICT, StatusCode.PHANTOM_READ_CONFLICT]);

const detailOf = (error: Error): string => {
  const more = error instanceof GatewayError ? error.details.map(({ message }) => message) : [];
  return [error.message, ...more].join("; ").replace(/[^\x20-\x7e]/gu, "?").slice(0, MAX_DETAIL_CHARS);
};

/** What a failed step of a transaction means. */
const outcomeOf = (error: Error): TransactionOutcome => {
  const detail = detailOf(error);
  if (error instanceof CommitError) return CONFLICTS.has(error.code) ? { kind: "conflict", detail } : { kind: "refused", detail: `validation code ${error.code.toString()}` };
  if (error instanceof EndorseError) {
    if (detail.includes(MISMATCH)) return { kind: "conflict", detail };
    const code: number = error.code;
    return code === ABORTED ? { kind: "refused", detail } : { kind: "unknown", detail };
  }
  // SubmitError, CommitStatusError and what the transport says.
  if (error instanceof GatewayError) return { kind: "unknown", detail };
  throw error;
};

/** Opens a channel's gateway chaincode through fabric-gateway. */
export const openContract = (
  connection: () => GrpcConnection | null,
  identity: ChannelIdentity,
  place: { readonly channel: string; readonly chaincode: string },
): ContractPort => {
  const soon = (ms: number) => () => ({ deadline: Date.now() + ms });
  const gateway = connect({
    client: grpcClientOver(connection),
    identity: { mspId: identity.mspId, credentials: identity.certificate },
    signer: async (message) => Promise.resolve(identity.sign(message)),
    hash: hash.none,
    evaluateOptions: soon(CALL_DEADLINE_MS),
    endorseOptions: soon(CALL_DEADLINE_MS),
    submitOptions: soon(CALL_DEADLINE_MS),
    commitStatusOptions: soon(COMMIT_DEADLINE_MS),
  });
  const contract: Contract = gateway.getNetwork(place.channel).getContract(place.chaincode);
  return {
    evaluate: async (name, args) => {
      try {
        return await contract.evaluate(name, { arguments: [...args] });
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        throw new CodedError("fabric.call.failed", { call: name, detail: detailOf(error) });
      }
    },
    submit: async (name, args) => {
      try {
        const submitted = await contract.submitAsync(name, { arguments: [...args] });
        const status = await submitted.getStatus();
        if (status.successful) return { kind: "committed", transaction: submitted.getTransactionId(), result: submitted.getResult() };
        const detail = `validation code ${status.code.toString()}`;
        return { kind: CONFLICTS.has(status.code) ? "conflict" : "refused", detail };
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        return outcomeOf(error);
      }
    },
  };
};
