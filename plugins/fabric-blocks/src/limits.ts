/** One gRPC message, in bytes: a block of Fabric's default configuration (AbsoluteMaxBytes 10 MB) with its metadata. */
export const MAX_GRPC_MESSAGE_BYTES = 16 * 1024 * 1024;
/** Headers of an answer, in bytes. */
export const MAX_GRPC_HEADER_BYTES = 64 * 1024;
/** Calls of one connection that are open at a time. */
export const MAX_OPEN_CALLS = 256;
/** Longest wait for a connection, and then for the genesis block by which a peer shows its channel, in ms. */
export const CONNECT_DEADLINE_MS = 10_000;
/**
 * A connection is asked whether it lives after this time, in ms, and before that when a call passes its deadline and nothing at all was heard meanwhile. Fabric's peers end
 * connections that are asked more often than every 60 s (core.yaml, peer.keepalive.minInterval) three times without a frame of theirs in between.
 */
export const PING_EVERY_MS = 65_000;
/** Longest wait for the answer to that, in ms. */
export const PING_DEADLINE_MS = 5_000;
/** Wait before a new connection after the first failure, in ms; doubles up to the last. */
export const FIRST_RECONNECT_MS = 100;
/** Longest wait before a new connection, in ms. */
export const LAST_RECONNECT_MS = 5_000;
/** Headers told in one go. */
export const MAX_HEADERS_PER_STEP = 64;
