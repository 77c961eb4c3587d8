import { MAX_CHAIN_ID_CHARS, MAX_SERVICE_ID_CHARS } from "@crossguardian/kernel";
import { bytes, fixed, hash32, list, oneOf, struct, text, u32, u64, u8 } from "../codec.ts";
import { MAX_NAME_BYTES, MAX_VALIDATORS } from "./bounds.ts";

/** Name of a registered chain. */
export const chainName = text(MAX_CHAIN_ID_CHARS);
/** Full service id. */
export const serviceName = text(MAX_SERVICE_ID_CHARS);
/** Short name or code. */
export const shortName = text(MAX_NAME_BYTES);

/** Entry kinds of the relay chain (protocol, "Relay chain"). */
export const ENTRY_KIND = { request: 1, receipt: 2, cancel: 3, register: 4, validators: 5 } as const;
/** One of {@link ENTRY_KIND}. */
export type EntryKind = (typeof ENTRY_KIND)[keyof typeof ENTRY_KIND];
/** Codec of an entry kind. */
export const entryKind = oneOf([1, 2, 3, 4, 5]);

/** BitXHub's TransactionStatus (ibtp-wire, proto/bxh_transaction.proto). */
export const TX_STATUS = {
  begin: 0,
  beginFailure: 1,
  beginRollback: 2,
  success: 3,
  failure: 4,
  rollback: 5,
} as const;
/** One of {@link TX_STATUS}. */
export type TxStatus = (typeof TX_STATUS)[keyof typeof TX_STATUS];
/** Codec of a status. */
export const txStatus = oneOf([0, 1, 2, 3, 4, 5]);

/** A relay block's header; its EIP-712 digest is the block hash. `tickMs` is the relay clock. */
export const relayHeader = struct({
  epoch: u64,
  height: u64,
  prevHash: hash32,
  tickMs: u64,
  entriesRoot: hash32,
});
/** A relay block's header. */
export type RelayHeader = {
  readonly epoch: bigint;
  readonly height: bigint;
  readonly prevHash: Uint8Array;
  readonly tickMs: bigint;
  readonly entriesRoot: Uint8Array;
};

/** A secp256k1 signature, 65 bytes r||s||v with v 27 or 28. */
export const signature65 = fixed(65);

/** A header with the signatures of at least t validators, ascending by signer. */
export const attestation = struct({
  header: relayHeader,
  signatures: list(signature65, MAX_VALIDATORS),
});
/** A header with its signatures. */
export type Attestation = {
  readonly header: RelayHeader;
  readonly signatures: readonly Uint8Array[];
};

/** Where in a proven block an event stands: transaction, then position in the receipt's logs. */
export const eventPlace = struct({ tx: u32, log: u32 });
/** Where in a proven block an event stands. */
export type EventPlace = { readonly tx: number; readonly log: number };

/** What a leaf of the entries tree commits to, but for the target, which the registry gives. */
export const entryFacts = struct({
  kind: entryKind,
  from: serviceName,
  to: serviceName,
  index: u64,
  requestHash: hash32,
  status: txStatus,
  resultHash: hash32,
});
/** See {@link entryFacts}. */
export type EntryFacts = {
  readonly kind: EntryKind;
  readonly from: string;
  readonly to: string;
  readonly index: bigint;
  readonly requestHash: Uint8Array;
  readonly status: TxStatus;
  readonly resultHash: Uint8Array;
};

/** CIDv1, raw codec, sha2-256: 36 bytes (multiformats). */
export const cidBytes = bytes(36);

/** Priority of a request: 0 bulk, 1 normal, 2 urgent. */
export const priority = u8;
