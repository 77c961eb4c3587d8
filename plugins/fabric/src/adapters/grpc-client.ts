import { type Client, type Metadata as MetadataType } from "@grpc/grpc-js";
import grpc from "@grpc/grpc-js";
import { type GrpcConnection, type GrpcFailure } from "@crossguardian/plugin-fabric-blocks";
import { CALL_DEADLINE_MS } from "../limits.ts";

type Callback = (error: Error | null, value?: unknown) => void;
type Options = { readonly deadline?: Date | number };

const DETAILS = "grpc-status-details-bin";

/** The error that grpc-js would give. */
const serviceError = ({ code, message, details }: GrpcFailure): Error => {
  const metadata: MetadataType = new grpc.Metadata();
  if (details !== null) metadata.set(DETAILS, Buffer.from(details));
  return Object.assign(new Error(message), { code, details: message, metadata });
};

/**
 * What fabric-gateway needs of a grpc-js client, over a connection that runs on lent streams: grpc-js itself can only dial addresses,
 * and a domain has none. Unary calls only; blocks are read by plugins/fabric-blocks.
 */
export const grpcClientOver = (connection: () => GrpcConnection | null): Client => {
  const makeUnaryRequest = (
    path: string,
    serialize: (value: unknown) => Buffer,
    deserialize: (bytes: Buffer) => unknown,
    argument: unknown,
    options: Options,
    callback: Callback,
  ): void => {
    const to = connection();
    if (to === null) {
      queueMicrotask(() => callback(serviceError({ code: grpc.status.UNAVAILABLE, message: "no peer", details: null })));
      return;
    }
    const deadlineMs = options.deadline === undefined ? CALL_DEADLINE_MS : Number(options.deadline) - Date.now();
    const run = async (): Promise<void> => {
      const answer = await to.call(path, serialize(argument), Math.max(1, deadlineMs));
      if (answer.ok) callback(null, deserialize(Buffer.from(answer.message)));
      else callback(serviceError(answer));
    };
    run().catch((error: unknown) => callback(error instanceof Error ? error : new Error(String(error))));
  };
  return { makeUnaryRequest } as unknown as Client; // the one method that is called
};
