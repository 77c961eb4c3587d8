import { CodedError } from "@crossguardian/kernel";
import { type HeaderFollower, type HeaderFollowerOptions } from "@crossguardian/plugin-kit";
import { fabricTrust } from "@crossguardian/proof";
import { decodeMessage } from "@crossguardian/wire";
import { openBlockStream } from "../block-stream.ts";
import { followHeaders } from "../follow-headers.ts";
import { decodeFabricSettings } from "../settings.ts";
import { openGrpc } from "./open-grpc.ts";
import { makeIdentity } from "./signer.ts";

/** Channel of a registered chain. @throws fabric.config.settings */
export const channelOf = (terms: Uint8Array): { readonly channel: string; readonly chaincode: string } => {
  const trust = decodeMessage(fabricTrust, terms);
  if (!trust.ok) throw new CodedError("fabric.config.settings", { why: trust.failure.code });
  return trust.value;
};

/** Follows one peer's blocks; an ordered block is final, so `depth` only delays. @throws fabric.config.* */
export const makeHeaderFollower = (options: HeaderFollowerOptions): HeaderFollower => {
  const settings = decodeFabricSettings(options.settings);
  const { channel } = channelOf(options.terms);
  return followHeaders({
    depth: BigInt(options.depth),
    from: options.from,
    sha256: options.crypto.sha256,
    clock: options.clock,
    onHeaders: options.onHeaders,
    openBlocks: (onBlock) =>
      openBlockStream({
        endpoints: [openGrpc(options.connect, options.endpoint, settings, options.tlsMin)],
        channel,
        identity: makeIdentity(settings, null),
        sha256: options.crypto.sha256,
        genesisHash: options.genesisHash,
        clock: options.clock,
        log: options.log,
        onBlock,
      }),
  });
};
