import { type Duplex } from "node:stream";
import { makeCrypto } from "@crossguardian/crypto";
import { type Clock, type Hash, type Log } from "@crossguardian/kernel";
import { type HeaderFollower } from "@crossguardian/plugin-kit";
import { type EndpointConfig } from "@crossguardian/protocol";
import { followHeaders, type FollowOptions } from "../chain/follow-headers.ts";
import { openEndpoint } from "./open-endpoint.ts";

/** What a header follower over lent streams needs. */
export type HeaderFollowerOptions = Omit<FollowOptions, "openTransport" | "keccak256"> & {
  /** A new stream to the endpoint, each time one is needed. */
  readonly connect: () => Duplex;
  readonly endpoint: EndpointConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: host/crypto's, loaded at the first use. */
  readonly keccak256?: Hash;
};

/**
 * Consecutive headers at finality depth from one endpoint: chain genesis checked first, each header hashed again,
 * new heads as a hint with polling behind it, reconnecting for ever with bounded backoff. See {@link FollowOptions}.
 * @throws evm.config.endpoint
 */
export const makeHeaderFollower = (options: HeaderFollowerOptions): HeaderFollower => {
  const openTransport = openEndpoint(options.connect, options.endpoint);
  if (options.keccak256 !== undefined) {
    return followHeaders({ ...options, openTransport, keccak256: options.keccak256 });
  }
  let from = options.from;
  let follower: HeaderFollower | null = null;
  let isStopped = false;
  void makeCrypto().then(({ keccak256 }) => {
    if (!isStopped) follower = followHeaders({ ...options, from, openTransport, keccak256 });
  });
  return {
    isUp: () => follower?.isUp() ?? false,
    waits: () => follower?.waits() ?? true,
    stop: () => {
      isStopped = true;
      follower?.stop();
    },
    setFrom: (height) => {
      from = height;
      follower?.setFrom(height);
    },
  };
};
