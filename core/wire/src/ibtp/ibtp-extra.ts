import { type Result } from "@crossguardian/kernel";
import { bool, decodeMessage, type Decoded, encodeMessage, hash32, struct, text, u64, u8 } from "../codec.ts";
import { txStatus } from "../messages/common.ts";

/** Name of a cipher suite, in bytes. */
export const MAX_SUITE_BYTES = 32;

/**
 * What CrossGuardian binds beyond BitXHub's fields; lies in IBTP.extra, so it is part of IBTP.Hash.
 * A request has status 0 and a zero resultHash; a public body has suite "" and key epochs 0.
 */
export const ibtpExtra = struct({
  bodyHash: hash32,
  requestHash: hash32,
  srcChain: hash32,
  srcContract: hash32,
  timeoutMs: u64,
  priority: u8,
  isPrivate: bool,
  status: txStatus,
  resultHash: hash32,
  /** Cipher suite of the content, "" when it is not encrypted. */
  suite: text(MAX_SUITE_BYTES),
  keyEpochFrom: u64,
  keyEpochTo: u64,
  /** A private request whose body never came: it can only be cancelled. */
  missingBody: bool,
});
/** See {@link ibtpExtra}. */
export type IbtpExtra = Decoded<typeof ibtpExtra>;

/** Bytes for IBTP.extra. */
export const encodeIbtpExtra = (extra: IbtpExtra): Uint8Array => encodeMessage(ibtpExtra, extra);

/** Extra of an untrusted IBTP. Errors: wire.message.* */
export const decodeIbtpExtra = (untrustedBytes: Uint8Array): Result<IbtpExtra> => decodeMessage(ibtpExtra, untrustedBytes);
