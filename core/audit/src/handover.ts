import { type Fact, concatBytes, toHex, fromHex, utf8 } from "@crossguardian/kernel";
import { formatNoteKey, type NoteKey, type NotePowers, type NoteSigner, parseNoteKey } from "./note.ts";
import { type AuditRecord } from "./record.ts";

/** Event of a record in which the key that signs a log names the one after it. */
const HANDED_OVER = "audit.key";
/** Changes of the key that are followed. */
export const MAX_HANDOVERS = 1_024;
const SIGNATURE_BYTES = 64;

type Handover = { readonly before: string; readonly after: string };

const signedBytes = ({ before, after }: Handover): Uint8Array => concatBytes([utf8("CrossGuardian.audit.key.v1\n"), utf8(`${before}\n${after}\n`)]);

/** The record of a change of the key that signs a log: the present one signs the name of the next, so that who knows either can follow. */
export const handoverRecord = (powers: NotePowers, { key, privateKey }: NoteSigner, next: NoteKey): AuditRecord => {
  const keys = { before: formatNoteKey(powers.sha256, key), after: formatNoteKey(powers.sha256, next) };
  const signature = toHex(powers.ed25519.sign(signedBytes(keys), privateKey));
  return { event: HANDED_OVER, who: "management", action: "rotateKey", resource: "management", decision: "done", why: "the next key of this log", facts: { ...keys, signature } };
};

const textOf = (fact: Fact | undefined): string => (typeof fact === "string" ? fact : "");

/** The keys a record is about, where the earlier one signed it. */
const handoverOf = (powers: NotePowers, { event, facts = {} }: Pick<AuditRecord, "event" | "facts">): { readonly before: NoteKey; readonly after: NoteKey } | null => {
  const keys = { before: textOf(facts["before"]), after: textOf(facts["after"]) };
  const signature = textOf(facts["signature"]);
  if (event !== HANDED_OVER || !/^[0-9a-f]{128}$/u.test(signature)) return null;
  const before = parseNoteKey(powers.sha256, keys.before);
  const after = parseNoteKey(powers.sha256, keys.after);
  if (!before.ok || !after.ok || before.value.name !== after.value.name) return null;
  return powers.ed25519.verify(signedBytes(keys), fromHex(signature, SIGNATURE_BYTES), before.value.publicKey) ? { before: before.value, after: after.value } : null;
};

const isSame = (left: NoteKey, right: NoteKey): boolean => left.name === right.name && toHex(left.publicKey) === toHex(right.publicKey);

type Records = readonly Pick<AuditRecord, "event" | "facts">[];

const follow = (powers: NotePowers, key: NoteKey, records: Records, from: "before" | "after", to: "before" | "after"): readonly NoteKey[] => {
  const handovers = records.flatMap((each) => handoverOf(powers, each) ?? []);
  const keys: NoteKey[] = [key];
  for (const at of keys) {
    for (const each of handovers.toReversed()) {
      if (isSame(each[from], at) && keys.length <= MAX_HANDOVERS && !keys.some((known) => isSame(known, each[to]))) keys.push(each[to]);
    }
  }
  return keys.slice(1);
};

/** Keys that may have signed a log before `key`, the nearest first, out of its own records, which `key` has to have signed. */
export const keysBefore = (powers: NotePowers, key: NoteKey, records: Records): readonly NoteKey[] => follow(powers, key, records, "after", "before");

/** Keys that may sign a log after `key`, the nearest first: each was named by the one before, which may have named several and been followed by one. */
export const keysAfter = (powers: NotePowers, key: NoteKey, records: Records): readonly NoteKey[] => follow(powers, key, records, "before", "after");
