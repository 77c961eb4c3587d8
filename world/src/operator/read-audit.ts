import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import {
  type Checkpoint, decodeAuditRecord, formatNoteKey, judgeLog, keysAfter, keysBefore, type LoggedRecord, makeTreeHash, type NoteKey, openCheckpoint, parseNoteKey, proveConsistency, proveInclusion, type SeenCheckpoint, toBase64,
} from "@crossguardian/audit";
import { type Crypto } from "@crossguardian/crypto";
import { CodedError, type Failure, failure, type Result, utf8, keyLabel } from "@crossguardian/kernel";

import { openKeySlots } from "../key-slots.ts";

/** Label below management's root key under which it signs the log. */
const AUDIT_KEY_LABEL = keyLabel("audit-key");
const TRIES = 8;
const TRY_AGAIN_MS = 60;

/** One house's log as it lies on this machine. */
export type AuditPlace = { readonly house: string; readonly instance: string; readonly dataDir: string; readonly worldDir: string };

/** A log read whole, with the key its checkpoints are checked by. */
export type AuditLog = {
  readonly place: AuditPlace;
  readonly key: NoteKey;
  readonly lines: readonly string[];
  /** The signed checkpoint as it stands there; null: none. */
  readonly note: string | null;
};

/** What a log is judged by beside its own checkpoint. */
export type AuditJudgement = {
  readonly house: string;
  readonly origin: string;
  readonly records: number;
  /** Null: the log is what was signed and begins with all that was seen. */
  readonly failure: Failure | null;
  /** Earlier checkpoints it was compared with, and their sizes. */
  readonly comparedWith: readonly { readonly from: string; readonly size: number }[];
};

const folderOf = ({ dataDir }: AuditPlace): string => join(dataDir, "volumes", "management", "audit");
const readText = (path: string): string | null => (existsSync(path) ? readFileSync(path, "utf8") : null);

/** Name of a house's log. */
const originOf = ({ instance }: AuditPlace): string => `crossguardian/${instance}/audit`;

/** The key of a house's log out of management's slot. @throws cli.key.missing where the slot is not on this machine */
export const auditKeyOf = (crypto: Crypto, place: AuditPlace): NoteKey => {
  const slots = openKeySlots(join(place.worldDir, "keys"));
  const owner = `management-${place.house}`;
  if (!slots.has(owner)) throw new CodedError("cli.key.missing", { path: join(place.worldDir, "keys", `${owner}.key`) });
  const { publicKey } = crypto.ed25519.keyPair(crypto.deriveKey(slots.rootOf(owner), AUDIT_KEY_LABEL));
  return { name: originOf(place), publicKey };
};

/** The key in the form that travels: `name+hash+key`. */
export const auditKeyText = (crypto: Crypto, key: NoteKey): string => formatNoteKey(crypto.sha256, key);

const recordsOf = (lines: readonly string[]): readonly LoggedRecord[] => lines.flatMap((line) => decodeAuditRecord(line) ?? []);

type Opened = { readonly key: NoteKey; readonly opened: Result<Checkpoint> };

/** Opens a checkpoint by a key, or by the first of others that signed it; they are looked for only then. Where nobody did, the failure is that of the key. */
const openByOne = (crypto: Crypto, note: string, key: NoteKey, findOthers: () => readonly NoteKey[]): Opened => {
  const first: Opened = { key, opened: openCheckpoint(crypto, note, key) };
  if (first.opened.ok) return first;
  return findOthers().map((each) => ({ key: each, opened: openCheckpoint(crypto, note, each) })).find(({ opened }) => opened.ok) ?? first;
};

const readOnce = (place: AuditPlace): { readonly lines: readonly string[]; readonly note: string | null } | null => {
  const before = readText(join(folderOf(place), "checkpoint"));
  const text = readText(join(folderOf(place), "log.jsonl")) ?? "";
  // The last element is what follows the last line feed: nothing, or a line that is being written.
  const lines = text.split("\n").slice(0, -1);
  return readText(join(folderOf(place), "checkpoint")) === before && !existsSync(join(folderOf(place), "checkpoint.next")) ? { lines, note: before } : null;
};

/** Reads a log, also while it grows. @throws audit.log.missing */
export const readAudit = async (crypto: Crypto, place: AuditPlace, keyText?: string): Promise<AuditLog> => {
  if (!existsSync(folderOf(place))) throw new CodedError("audit.log.missing", { house: place.house });
  const parsed = keyText === undefined ? null : parseNoteKey(crypto.sha256, keyText);
  if (parsed !== null && !parsed.ok) throw new CodedError(parsed.failure.code, parsed.failure.facts);
  const given = parsed === null ? auditKeyOf(crypto, place) : parsed.value;
  let read = readOnce(place);
  for (let tries = 1; read === null && tries < TRIES; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    read = readOnce(place);
  }
  // A checkpoint that stays unfinished is the end of a management process that was killed; the records under it do not count yet.
  const note = readText(join(folderOf(place), "checkpoint"));
  const { lines } = read ?? { lines: (readText(join(folderOf(place), "log.jsonl")) ?? "").split("\n").slice(0, -1) };
  // The key that signs the log now: the given one, or one to which it handed over, each signed by the one before.
  const own = note === null ? null : openByOne(crypto, note, given, () => keysAfter(crypto, given, recordsOf(lines)));
  const size = own?.opened.ok === true ? own.opened.value.size : 0;
  return { place, key: own?.key ?? given, lines: read === null ? lines.slice(0, size) : lines, note: read === null ? note : read.note };
};

const seenPath = ({ worldDir, house }: AuditPlace): string => join(worldDir, "audit-seen", house);

/** Remembers a checkpoint for the next look, in a folder that management can not reach. */
const remember = (place: AuditPlace, note: string): void => {
  const path = seenPath(place);
  mkdirSync(join(place.worldDir, "audit-seen"), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, note, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
};

/** Checkpoints seen before, each signed by the log's key or by one that it followed. The log's own records say which, so they have to be judged before. */
const seenOf = (crypto: Crypto, { place, key, lines }: AuditLog, files: readonly string[]): readonly SeenCheckpoint[] => {
  let before: readonly NoteKey[] | null = null;
  const findBefore = (): readonly NoteKey[] => (before ??= keysBefore(crypto, key, recordsOf(lines)));
  const optional = [
    { path: seenPath(place), from: "the last look" },
    { path: join(place.dataDir, "epochs", "audit.checkpoint"), from: "launcher" },
  ].filter(({ path }) => existsSync(path));
  return [...optional, ...files.map((path) => ({ path, from: path }))].map(({ path, from }) => {
    const note = readText(path);
    if (note === null) throw new CodedError("audit.checkpoint.missing", { path });
    const { opened } = openByOne(crypto, note, key, findBefore);
    if (!opened.ok) throw new CodedError(opened.failure.code, { ...opened.failure.facts, from });
    return { checkpoint: opened.value, from };
  });
};

const leavesOf = (crypto: Crypto, { lines }: AuditLog): readonly Uint8Array[] => {
  const hash = makeTreeHash(crypto.sha256);
  return lines.map((line) => hash.leaf(utf8(line)));
};

const headOf = (crypto: Crypto, { note, key }: AuditLog): Checkpoint => {
  if (note === null) throw new CodedError("audit.checkpoint.missing", { origin: key.name });
  const opened = openCheckpoint(crypto, note, key);
  if (!opened.ok) throw new CodedError(opened.failure.code, opened.failure.facts);
  return opened.value;
};

/**
 * Judges a log by its own signed checkpoint, by the one the launcher kept, by the one of the last look and by those in `files`
 * (copies kept elsewhere). A log that is fine is remembered for the next look.
 */
export const verifyAudit = (crypto: Crypto, log: AuditLog, files: readonly string[]): AuditJudgement => {
  const { house } = log.place;
  const facts = { house, origin: log.key.name, records: log.lines.length };
  try {
    const own = headOf(crypto, log);
    let seen: readonly SeenCheckpoint[] = [];
    const wrong = judgeLog(makeTreeHash(crypto.sha256), leavesOf(crypto, log), own, () => (seen = seenOf(crypto, log, files)));
    if (wrong === null && log.note !== null) remember(log.place, log.note);
    return { ...facts, failure: wrong, comparedWith: seen.map(({ checkpoint, from }) => ({ from, size: checkpoint.size })) };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { ...facts, failure: failure(error.code, error.failure.facts), comparedWith: [] };
  }
};

/** The records of a log; what is none is left out. */
export const auditRecords = ({ lines }: AuditLog): readonly (LoggedRecord & { readonly index: number })[] =>
  lines.flatMap((line, index) => {
    const record = decodeAuditRecord(line);
    return record === null ? [] : [{ ...record, index }];
  });

/** A record with the proof that it stands in the log under the checkpoint. @throws audit.proof.range */
export const proveRecord = (crypto: Crypto, log: AuditLog, index: number): object => {
  const hash = makeTreeHash(crypto.sha256);
  const leaves = leavesOf(crypto, log);
  const proof = proveInclusion(hash, leaves, index);
  return { index, line: log.lines[index], checkpoint: log.note, key: auditKeyText(crypto, log.key), inclusion: proof.map(toBase64) };
};

/** The proof that the log of `older` records is the beginning of this one. @throws audit.proof.range */
export const proveGrowth = (crypto: Crypto, log: AuditLog, older: number): object => ({
  older, checkpoint: log.note, key: auditKeyText(crypto, log.key), consistency: proveConsistency(makeTreeHash(crypto.sha256), leavesOf(crypto, log), older).map(toBase64),
});
