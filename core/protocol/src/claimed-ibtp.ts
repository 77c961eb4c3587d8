import { failure, ok, refuse, type Result } from "@crossguardian/kernel";
import {
  type Content,
  decodeContent,
  decodeIbtp,
  decodeIbtpExtra,
  decodePayload,
  decodeResult,
  ENTRY_KIND,
  type EntryFacts,
  type Ibtp,
  IBTP_TYPE,
  type IbtpExtra,
  statusOfIbtpType,
} from "@crossguardian/wire";
import { type Hashes } from "./hashes.ts";

/**
 * An IBTP of ours taken apart, nothing of it proven yet. `call` is the plaintext content of a request and `result`
 * that of a receipt; both are null when it is encrypted or the private body is missing.
 */
export type ClaimedIbtp = {
  readonly from: string;
  readonly to: string;
  readonly index: bigint;
  readonly type: number;
  readonly timeoutHeight: bigint;
  readonly proof: Uint8Array;
  readonly version: string;
  readonly timestamp: bigint;
  readonly encrypted: boolean;
  readonly payloadHash: Uint8Array;
  readonly call: Content | null;
  readonly result: Uint8Array | null;
  readonly extra: IbtpExtra;
  /** As decoded, for wrapping it. */
  readonly ibtp: Ibtp;
};

const ZERO32 = new Uint8Array(32);

/**
 * Takes an IBTP apart: canonical protobuf, our extra, payload and content. A group or the debug flag is refused: ours
 * have neither. Errors: wire.proto.*, wire.message.*, protocol.entry.mismatch with `what`.
 */
export const openIbtp = (untrustedBytes: Uint8Array): Result<ClaimedIbtp> => {
  const decoded = decodeIbtp(untrustedBytes);
  if (!decoded.ok) return decoded;
  const ibtp = decoded.value;
  if (ibtp.group !== null || ibtp.debug) return refuse(failure("protocol.entry.mismatch", { what: "group" }));
  const extra = decodeIbtpExtra(ibtp.extra);
  if (!extra.ok) return extra;
  const payload = decodePayload(ibtp.payload);
  if (!payload.ok) return payload;
  const { encrypted, content, hash } = payload.value;
  const { from, to, index, type, timeoutHeight, proof, version, timestamp } = ibtp;
  const head = { from, to, index, type, timeoutHeight, proof, version, timestamp };
  const rest = { encrypted, payloadHash: hash, extra: extra.value, ibtp };
  if (encrypted || extra.value.missingBody) return ok({ ...head, ...rest, call: null, result: null });
  if (type === IBTP_TYPE.interchain) {
    const call = decodeContent(content);
    return call.ok ? ok({ ...head, ...rest, call: call.value, result: null }) : call;
  }
  const result = decodeResult(content);
  return result.ok ? ok({ ...head, ...rest, call: null, result: result.value }) : result;
};

/**
 * The facts an IBTP claims, for looking it up in a ledger or comparing it with a leaf; proven by nothing.
 * Errors: protocol.entry.mismatch for a type that is neither a request nor a receipt that decides.
 */
export const claimedFacts = (untrusted: Pick<ClaimedIbtp, "from" | "to" | "index" | "type" | "extra">): Result<EntryFacts> => {
  const { from, to, index, type, extra } = untrusted;
  const { requestHash, resultHash } = extra;
  const status = statusOfIbtpType(type);
  if (status === null) return refuse(failure("protocol.entry.mismatch", { what: "type", type }));
  return type === IBTP_TYPE.interchain
    ? ok({ kind: ENTRY_KIND.request, from, to, index, requestHash, status, resultHash: ZERO32 })
    : ok({ kind: ENTRY_KIND.receipt, from, to, index, requestHash, status, resultHash });
};

/** requestHash recomputed from what a request IBTP claims: equal to the claimed one, it binds all of these fields. */
export const claimedCommitment = (hashes: Hashes, untrusted: ClaimedIbtp): Uint8Array => {
  const { from, to, index, extra } = untrusted;
  const { bodyHash, timeoutMs, priority } = extra;
  const source = { chain: extra.srcChain, contract: extra.srcContract };
  return hashes.requestHash({ source, from, to, index, bodyHash, timeoutMs, priority });
};
