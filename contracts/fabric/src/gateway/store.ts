import { concatBytes, toHex } from "@crossguardian/kernel";
import { bool, bytes, type Codec, decodeMessage, type Decoded, encodeMessage, fixed, hash32, list, struct, text, u64, u8 } from "@crossguardian/wire";
import { type Ledger } from "../ledger.ts";

/** One kind of record in the ledger: its key prefix and how it is encoded. */
export type Table<T> = {
  readonly get: (ledger: Ledger, key: string) => Promise<T | null>;
  readonly put: (ledger: Ledger, key: string, value: T) => void;
  readonly remove: (ledger: Ledger, key: string) => void;
};

/** Makes a table. @throws Error when the ledger holds something else: only this code writes there. */
export const makeTable = <T>(prefix: string, codec: Codec<T>): Table<T> => ({
  get: async (ledger, key) => {
    const value = await ledger.read(prefix + key);
    if (value === null) return null;
    const decoded = decodeMessage(codec, value);
    if (!decoded.ok) throw new Error(`the record ${prefix}${key} does not decode`);
    return decoded.value;
  },
  put: (ledger, key, value) => {
    ledger.write(prefix + key, encodeMessage(codec, value));
  },
  remove: (ledger, key) => {
    ledger.write(prefix + key, null);
  },
});

const service = struct({
  id: text(256),
  /** Name of the service in this package, or "" for a service of another chain. */
  local: text(64),
  ordered: bool,
  asset: bool,
  chain: hash32,
  contract: hash32,
});
/** A registered service. */
export type ServiceRecord = Decoded<typeof service>;

const ZERO = new Uint8Array(32);
/** A word of zeros. */
export const ZERO32: Uint8Array = ZERO;

/** Records of the gateway. Pairs are split by who writes them, so that requests, execution and settling do not conflict. */
export const tables = {
  gate: makeTable("gate", struct({ paused: bool, pauseNonce: u64 })),
  validators: makeTable("validators", struct({ epoch: u64, members: list(fixed(20), 64), threshold: u8 })),
  governance: makeTable("governance", struct({ nonce: u64 })),
  service: makeTable("service/", service),
  serviceOf: makeTable("name/", struct({ key: hash32 })),
  serviceKeys: makeTable("services", list(hash32, 4096)),
  closed: makeTable("closed/", struct({ closed: bool })),
  pair: makeTable("pair/", struct({ allowed: bool, frozen: bool })),
  /** Written by requests. `settled` is an old settledUpTo, looked up again only when the window seems full. */
  out: makeTable("out/", struct({ index: u64, settled: u64 })),
  commitment: makeTable("request/", hash32),
  /** Written by settling. */
  settledUpTo: makeTable("upto/", struct({ index: u64 })),
  states: makeTable("states/", bytes(32)),
  /** Written by execution. */
  inCursor: makeTable("in/", struct({ index: u64 })),
  receipts: makeTable("receipts/", bytes(64 * 32)),
} as const;

/** Requests per page of states: two bits each. */
export const STATES_PER_PAGE = 128n;
/** Receipts per page. */
export const RECEIPTS_PER_PAGE = 64n;
/** Steps a cursor takes in one go over indexes decided out of order; the next call takes the rest. */
export const MAX_CURSOR_STEPS = 256;

/** Key of a directed pair. */
export const pairKey = (from: Uint8Array, to: Uint8Array): string => toHex(concatBytes([from, to]));
/** Key of one index of a pair. */
export const indexKey = (pair: string, index: bigint): string => `${pair}/${index.toString().padStart(20, "0")}`;

