import { access, mkdir, open, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Hash, type Log } from "@crossguardian/kernel";
import { type RelayGenesisDocument } from "@crossguardian/protocol";
import { type PlanPowers } from "../blocks/plan-block.ts";
import { type BodyStore } from "../blocks/body-store.ts";
import { type RecordLog, type RecordLogOptions } from "../log/record-log.ts";
import { ORDER_RECORD, orderRecord } from "../orderer/order-record.ts";
import { makeRebuild, type OrdererStart } from "../orderer/rebuild.ts";
import { makeValidatorRebuild, type ValidatorStart } from "../validator/rebuild-validator.ts";
import { encodeIdentity } from "../validator/vote-record.ts";
import { openRecordFile, syncFolder } from "./record-file.ts";
import { openSegmentBodyStore } from "./segment-body-store.ts";

/** File in a validator's volume that says: the key has never signed. It is there only before the first start. */
export const UNUSED_KEY_FILE = "unused-key";

const warnTorn =
  (log: Log, name: string): RecordLogOptions["onTorn"] =>
  ({ offset, bytes }) => {
    log.warn("relaychain.log.torn", { log: name, offset, bytes });
  };

/** An orderer's logs and stores, and the state they give. */
export type OrdererLogs = {
  readonly orders: RecordLog;
  readonly chain: RecordLog;
  readonly bodies: BodyStore;
  readonly start: OrdererStart;
};

/** Opens an orderer's volume. @throws relaychain.log.foreign, relaychain.log.broken */
export const openOrdererLogs = async (
  powers: PlanPowers & { readonly log: Log; readonly sha256: Hash },
  folder: string,
  genesis: RelayGenesisDocument,
): Promise<OrdererLogs> => {
  await mkdir(folder, { recursive: true });
  const rebuild = makeRebuild(powers, genesis);
  const chain = await openRecordFile({
    path: join(folder, "chain.log"),
    onRecord: rebuild.takeBlock,
    onTorn: warnTorn(powers.log, "chain"),
  });
  const orders = await openRecordFile({
    path: join(folder, "orders.log"),
    onRecord: rebuild.takeOrder,
    onTorn: warnTorn(powers.log, "orders"),
  });
  const start = rebuild.finish();
  if (orders.bytes() === 0) orders.append(...orderRecord(ORDER_RECORD.identity, start.registry.relayGenesis));
  const bodies = await openSegmentBodyStore({ folder: join(folder, "bodies"), onTorn: warnTorn(powers.log, "bodies") });
  return { orders, chain, bodies, start };
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Prepares the volume of a validator whose key was made just now. Only whoever makes the key may call this, once:
 * a validator that finds neither its log nor this mark has lost its log, and never signs again.
 */
export const prepareValidatorVolume = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const file = await open(join(folder, UNUSED_KEY_FILE), "w");
  await file.sync();
  await file.close();
  await syncFolder(folder);
};

/** A validator's log and the state it gives. */
export type ValidatorLogs = { readonly journal: RecordLog; readonly start: ValidatorStart; readonly mayVote: boolean };

/**
 * Opens a validator's volume. `mayVote` is false when the log is gone although the key was used
 * (protocol, "Relay chain": a lost vote log retires the key). @throws relaychain.log.foreign, relaychain.log.broken
 */
export const openValidatorLogs = async (
  powers: PlanPowers & { readonly log: Log },
  folder: string,
  genesis: RelayGenesisDocument,
  address: Uint8Array,
): Promise<ValidatorLogs> => {
  await mkdir(folder, { recursive: true });
  const mark = join(folder, UNUSED_KEY_FILE);
  const rebuild = makeValidatorRebuild(powers, genesis, address);
  const path = join(folder, "votes.log");
  const journal = await openRecordFile({ path, onRecord: rebuild.take, onTorn: warnTorn(powers.log, "votes") });
  const start = rebuild.finish();
  const isNew = !start.hasIdentity && (await exists(mark));
  if (isNew) {
    journal.append(...encodeIdentity({ relayGenesis: start.registry.relayGenesis, address }));
    await journal.flush();
  }
  const mayVote = start.hasIdentity || isNew;
  if (mayVote && (await exists(mark))) {
    await unlink(mark);
    await syncFolder(dirname(mark));
  }
  if (!mayVote) powers.log.alarm("relaychain.vote.logLost");
  return { journal, start, mayVote };
};
