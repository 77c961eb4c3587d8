import { failure, type Hash, refuse, type Result, toHex } from "@crossguardian/kernel";
import { type OpenBatch, openBatch } from "../blocks/open-batch.ts";
import { type CheckedEntries } from "./check-batch.ts";

/** A batch this validator was asked about; `result` is null while it is being checked. */
export type KnownBatch = {
  readonly publish: Uint8Array;
  result: Result<CheckedEntries> | null;
  /** Registry nonce the result was found under. */
  nonce: bigint;
  /** The bodies are in the log. */
  isKept: boolean;
  /** Entries that blocks have not ordered yet. */
  left: number;
};

/** Bytes of batches a validator remembers; more than an honest orderer has open. */
export const MAX_KNOWN_BATCH_BYTES = 96 * 1024 * 1024;
/** Batches a validator remembers. */
export const MAX_KNOWN_BATCHES = 2048;

/** The batches a validator was asked about, bounded; the oldest go first. */
export type KnownBatches = {
  readonly get: (hash: Uint8Array) => KnownBatch | null;
  readonly add: (hash: Uint8Array, publish: Uint8Array) => KnownBatch;
  /** Entries of the batch were ordered; a batch without any left is forgotten. */
  readonly ordered: (hash: Uint8Array, entries: number) => void;
  readonly count: () => number;
};

/** Makes the store. */
export const makeKnownBatches = (): KnownBatches => {
  const known = new Map<string, KnownBatch>();
  let bytes = 0;
  const drop = (hex: string): void => {
    bytes -= known.get(hex)?.publish.length ?? 0;
    known.delete(hex);
  };
  return {
    get: (hash) => known.get(toHex(hash)) ?? null,
    add: (hash, publish) => {
      const batch: KnownBatch = { publish, result: null, nonce: -1n, isKept: false, left: Number.POSITIVE_INFINITY };
      known.set(toHex(hash), batch);
      bytes += publish.length;
      for (const hex of known.keys()) {
        if (bytes <= MAX_KNOWN_BATCH_BYTES && known.size <= MAX_KNOWN_BATCHES) break;
        if (hex !== toHex(hash)) drop(hex);
      }
      return batch;
    },
    ordered: (hash, entries) => {
      const hex = toHex(hash);
      const batch = known.get(hex);
      if (batch === undefined) return;
      batch.left -= entries;
      if (batch.left <= 0) drop(hex);
    },
    count: () => known.size,
  };
};

/** Opens the publish message of a check order after comparing its hash. Errors: relaychain.batch.hash and those of openBatch. */
export const openAsked = (sha256: Hash, hash: Uint8Array, untrustedPublish: Uint8Array): Result<OpenBatch> =>
  toHex(sha256(untrustedPublish)) === toHex(hash) ? openBatch(untrustedPublish) : refuse(failure("relaychain.batch.hash"));
