/** Bytes by content id (CIDv1, raw, sha2-256); what is put survives a crash once a flush has resolved. */
export type BodyStore = {
  readonly has: (cid: Uint8Array) => boolean;
  /** Keeps bytes under the cid the caller computed; a cid that is there already is left alone. */
  readonly put: (cid: Uint8Array, bytes: Uint8Array) => void;
  /** The bytes, or null when they are not here. */
  readonly get: (cid: Uint8Array) => Promise<Uint8Array | null>;
  /** Forgets a body (a tombstone: its bytes stay in the file). */
  readonly remove: (cid: Uint8Array) => void;
  readonly flush: () => Promise<void>;
  readonly count: () => number;
  readonly bytes: () => number;
  readonly cids: () => Iterable<Uint8Array>;
  readonly close: () => Promise<void>;
};

/** Largest body in the store, in bytes: a relay block of many entries is the longest. */
export const MAX_STORED_BODY_BYTES = 8 * 1024 * 1024;
