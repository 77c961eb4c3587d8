import { Metadata, type ServiceError, type status as GrpcStatus } from "@grpc/grpc-js";
import { gateway, google } from "@hyperledger/fabric-protos";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";

/** One place an error came from, as a gateway tells it. */
export type Detail = { readonly address: string; readonly mspId: string; readonly message: string };

/** A gRPC error with gateway.ErrorDetail, as a Fabric peer sends it. */
export const serviceError = (code: GrpcStatus, message: string, details: readonly Detail[] = []): ServiceError => {
  const metadata = new Metadata();
  const rpcStatus = new google.rpc.Status();
  rpcStatus.setCode(code);
  rpcStatus.setMessage(message);
  for (const { address, mspId, message: text } of details) {
    const detail = new gateway.ErrorDetail();
    detail.setAddress(address);
    detail.setMspId(mspId);
    detail.setMessage(text);
    const packed = new anyPb.Any();
    packed.pack(detail.serializeBinary(), "gateway.ErrorDetail");
    rpcStatus.addDetails(packed);
  }
  metadata.set("grpc-status-details-bin", Buffer.from(rpcStatus.serializeBinary()));
  return Object.assign(new Error(message), { code, details: message, metadata });
};
