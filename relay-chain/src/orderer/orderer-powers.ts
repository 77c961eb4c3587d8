import { type Clock, type Hash, type Log, type Random, type Secp256k1 } from "@crossguardian/kernel";
import { type Hashes, type OrdererConfig } from "@crossguardian/protocol";
import { type BodyStore } from "../blocks/body-store.ts";
import { type RecordLog } from "../log/record-log.ts";

/** Everything the orderer may use. */
export type OrdererPowers = {
  readonly hashes: Hashes;
  readonly sha256: Hash;
  readonly secp256k1: Pick<Secp256k1, "recoverAddress">;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Batches, proposals, registrations: what is on its way into blocks. */
  readonly orders: RecordLog;
  /** Certified blocks, one record each, by height. */
  readonly chain: RecordLog;
  readonly bodies: BodyStore;
  /** Asks peers for a body and keeps it; resolves when it is kept or given up. Null without peers. */
  readonly fetchBody: ((cid: Uint8Array) => Promise<void>) | null;
};

/** The part of the configuration the orderer's logic uses. */
export type OrdererRules = Pick<OrdererConfig, "maxBlockEntries" | "busyLingerMs" | "openLanePerMinute" | "acceptOpenLane">;

/** Bytes of batches that are open at the same time; further ones are refused until some are ordered. */
export const MAX_PENDING_BATCH_BYTES = 64 * 1024 * 1024;
/** Batches that are open at the same time. */
export const MAX_PENDING_BATCHES = 1024;
/** Governance documents that wait to be ordered. */
export const MAX_PENDING_REGISTRATIONS = 16;
/** A batch that too few validators could check is given back after this time, in ms. */
export const BATCH_LIFETIME_MS = 120_000;
/** A validator that could not check a batch yet is asked again after this time, in ms. */
export const ASK_AGAIN_MS = 500;
/** Interval of looking for transfers past their deadline, in ms. */
export const DEADLINE_LOOK_MS = 200;
/** CANCEL entries of one block. */
export const MAX_CANCELS_PER_BLOCK = 1024;
/** Bodies of one block together, in bytes: a block message with all of them stays below its bound. */
export const MAX_BLOCK_BODY_BYTES = 6 * 1024 * 1024;
/** Bytes of sealed blocks kept in memory for gateways that follow closely. */
export const MAX_RECENT_BLOCK_BYTES = 48 * 1024 * 1024;
/** The order log is rewritten with what is still open once it is this long, in bytes. */
export const COMPACT_ORDERS_BYTES = 256 * 1024 * 1024;
/** Batches whose outcome is remembered for gateways that send them again. */
export const MAX_REMEMBERED_OUTCOMES = 4096;
