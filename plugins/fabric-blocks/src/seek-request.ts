import { concatBytes } from "@crossguardian/kernel";
import { type ChannelIdentity } from "./identity.ts";
import { messageField, numberField, textField } from "./protobuf-writer.ts";

const DELIVER_SEEK_INFO = 5n;
const LAST_HEIGHT = 0xffff_ffff_ffff_ffffn;
const NOTHING = new Uint8Array(0);

/** orderer.SeekPosition: a height, or the newest block. */
const position = (height: bigint | "newest"): Uint8Array =>
  height === "newest" ? messageField(1, NOTHING) : messageField(3, numberField(1, height));

/**
 * Signed request (common.Envelope) for the blocks from `start` on, waiting for those to come; `start` "newest" begins with the newest there is.
 */
export const seekRequest = (identity: ChannelIdentity, channel: string, start: bigint | "newest", timeS: bigint): Uint8Array => {
  const channelHeader = concatBytes([numberField(1, DELIVER_SEEK_INFO), messageField(3, numberField(1, timeS)), textField(4, channel)]);
  const signatureHeader = concatBytes([messageField(1, identity.serialized), messageField(2, identity.nonce())]);
  const header = concatBytes([messageField(1, channelHeader), messageField(2, signatureHeader)]);
  const seek = concatBytes([messageField(1, position(start)), messageField(2, position(LAST_HEIGHT))]);
  const payload = concatBytes([messageField(1, header), messageField(2, seek)]);
  return concatBytes([messageField(1, payload), messageField(2, identity.sign(payload))]);
};
