export { channelOf, makeHeaderFollower } from "./adapters/make-header-follower.ts";
export { openGrpc } from "./adapters/open-grpc.ts";
export { keyFromSlot, makeIdentity, publicKeyPem } from "./adapters/signer.ts";
export { type BlockStream, type BlockStreamOptions, type DeliveredBlock, openBlockStream } from "./block-stream.ts";
export { GRPC_STATUS, type GrpcAnswer, type GrpcConnection, type GrpcFailure, type OpenGrpc } from "./grpc.ts";
export { type ChannelIdentity } from "./identity.ts";
export { decodeFabricSettings, type FabricSettings, fabricSettings } from "./settings.ts";
export { seekRequest } from "./seek-request.ts";
