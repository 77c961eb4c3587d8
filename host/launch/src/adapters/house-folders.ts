import { appendFileSync, chmodSync, chownSync, closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { type AllocationStore } from "../allocations.ts";
import { openLentKeys } from "./lent-keys.ts";
import { makeSlotKeeper, type SlotKeeper } from "./slot-keeper.ts";
import { makeFolder, storeDurably, storeWhole } from "./store-file.ts";

const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
const MAX_EVENTS_BYTES = 32 * 1024 * 1024;

/** Refuses a folder that the users of the domains cannot enter, before half a house is started. */
export const requireReachable = (path: string): void => {
  for (let at = path; ; at = dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o001) === 0) throw new CodedError("launch.path.unreachable", { path: at });
    if (at === dirname(at)) return;
  }
};

/** The folders of a house and what is written there. */
export type HouseFolders = {
  readonly ports: string;
  readonly control: string;
  readonly lock: string;
  readonly managementConfig: string;
  /** Links to the code caches of the host processes. */
  readonly code: string;
  readonly logs: string;
  /** Writable folder of a domain; made when it is not there. Its driver gives it an owner. */
  readonly volume: (name: string) => string;
  /** Opens the file that takes a process's output; large ones are put aside first. */
  readonly openOutput: (name: string) => number;
  readonly appendEvent: (line: string) => void;
  /** The next instance epoch of a domain, stored before it is returned. */
  readonly nextEpoch: (name: string) => bigint;
  readonly slots: SlotKeeper;
  /** What was changed about domains' allocations; management can not write it. */
  readonly allocations: AllocationStore;
  /** The checkpoint management handed over last; null: none yet. */
  readonly readCheckpoint: () => string | null;
  readonly keepCheckpoint: (note: string) => void;
  readonly writeFor: (path: string, text: string, uid: number) => void;
  readonly own: (path: string, uid: number, mode: number) => void;
  readonly remove: () => void;
};

const storeNumber = (path: string, value: bigint): void => storeDurably(path, value.toString());

const readNumber = (path: string): bigint => {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "0";
  // A damaged counter must not go back: milliseconds since 1970 are above every counter.
  return /^\d{1,18}$/u.test(text) ? BigInt(text) : BigInt(Date.now());
};

/** Makes the folders. `networkUid` owns the folder of listening sockets, `managementUid` the logs. */
export const makeHouseFolders = (
  runDir: string,
  dataDir: string,
  uids: { readonly network: number; readonly management: number },
): HouseFolders => {
  // 0711: the network domain reaches its sockets; nobody lists what else is there.
  makeFolder(runDir, 0o711);
  makeFolder(join(runDir, "ports"), 0o700);
  makeFolder(join(runDir, "intakes"), 0o700, uids.network);
  makeFolder(join(runDir, "code"), 0o711);
  makeFolder(dataDir, 0o711);
  makeFolder(join(dataDir, "epochs"), 0o700);
  makeFolder(join(dataDir, "output"), 0o700);
  makeFolder(join(dataDir, "volumes"), 0o711);
  makeFolder(join(dataDir, "logs"), 0o700, uids.management);
  const events = join(runDir, "events.jsonl");
  const allocations = join(dataDir, "allocations.json");
  const checkpoint = join(dataDir, "epochs", "audit.checkpoint");
  const lent = openLentKeys(runDir);
  return {
    ports: join(runDir, "ports"),
    control: join(runDir, "control.sock"),
    lock: join(runDir, "launcher.json"),
    managementConfig: join(runDir, "management.json"),
    code: join(runDir, "code"),
    logs: join(dataDir, "logs"),
    volume: (name) => {
      const path = join(dataDir, "volumes", name);
      if (!existsSync(path)) makeFolder(path, 0o700);
      return path;
    },
    openOutput: (name) => {
      const path = join(dataDir, "output", `${name}.log`);
      if (existsSync(path) && statSync(path).size > MAX_OUTPUT_BYTES) renameSync(path, `${path}.1`);
      return openSync(path, "a", 0o600);
    },
    appendEvent: (line) => {
      if (!existsSync(runDir)) return;
      if (existsSync(events) && statSync(events).size > MAX_EVENTS_BYTES) renameSync(events, `${events}.1`);
      appendFileSync(events, `${line}\n`, { mode: 0o600 });
    },
    nextEpoch: (name) => {
      const path = join(dataDir, "epochs", name);
      const next = readNumber(path) + 1n;
      storeNumber(path, next);
      return next;
    },
    allocations: {
      read: () => (existsSync(allocations) ? readFileSync(allocations, "utf8") : null),
      write: (text) => storeDurably(allocations, text),
    },
    slots: makeSlotKeeper(join(dataDir, "epochs"), lent),
    readCheckpoint: () => (existsSync(checkpoint) ? readFileSync(checkpoint, "utf8") : null),
    // One that is lost in a crash of the machine is only older than it could be.
    keepCheckpoint: (note) => storeWhole(checkpoint, note),
    writeFor: (path, text, uid) => {
      writeFileSync(path, text, { mode: 0o400 });
      chownSync(path, uid, uid);
    },
    own: (path, uid, mode) => {
      chownSync(path, uid, uid);
      chmodSync(path, mode);
    },
    remove: () => {
      lent.remove();
      rmSync(runDir, { recursive: true, force: true });
    },
  };
};

/** Closes a descriptor made by `openOutput`. */
export const closeOutput = (fd: number): void => closeSync(fd);
