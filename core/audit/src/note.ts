import { concatBytes, equalBytes, failure, type Hash, ok, refuse, type Result, toHex, utf8 } from "@crossguardian/kernel";
import { fromBase64, toBase64 } from "./base64.ts";

/** Longest note, in characters. */
export const MAX_NOTE_CHARS = 16_384;
/** Signature lines of one note at most. */
export const MAX_NOTE_SIGNATURES = 16;

const ED25519 = Uint8Array.of(1);
const HASH_BYTES = 4;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const DASH = "\u2014";
const KEY_NAME = /^[^\s+\p{Cc}]{1,200}$/u;
const LINE = new RegExp(`^${DASH} (?<name>[^\\s+\\p{Cc}]{1,200}) (?<signature>[A-Za-z0-9+/]{4,400}={0,2})$`, "u");
const CONTROL = /[^\P{Cc}\n]/u;

/** A public key by which notes are checked (C2SP signed-note, "Verifier keys"). */
export type NoteKey = { readonly name: string; readonly publicKey: Uint8Array };

/** Both parts of such a key. */
export type NoteSigner = { readonly key: NoteKey; readonly privateKey: Uint8Array };

/** What signing and checking of notes needs. */
export type NotePowers = {
  readonly sha256: Hash;
  readonly ed25519: {
    readonly sign: (message: Uint8Array, privateKey: Uint8Array) => Uint8Array;
    readonly verify: (message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;
  };
};

const keyHash = (sha256: Hash, { name, publicKey }: NoteKey): Uint8Array =>
  sha256(concatBytes([utf8(`${name}\n`), ED25519, publicKey])).subarray(0, HASH_BYTES);

/** `name+hash+key`, the text form of a key. */
export const formatNoteKey = (sha256: Hash, key: NoteKey): string =>
  `${key.name}+${toHex(keyHash(sha256, key))}+${toBase64(concatBytes([ED25519, key.publicKey]))}`;

/** Reads the text form. Errors: audit.note.key */
export const parseNoteKey = (sha256: Hash, untrusted: string): Result<NoteKey> => {
  const no = refuse(failure("audit.note.key", { chars: untrusted.length }));
  const [name = "", hash = "", ...rest] = untrusted.length > MAX_NOTE_CHARS ? [] : untrusted.split("+");
  // The key's base64 may hold a plus itself.
  const bytes = fromBase64(rest.join("+"));
  if (bytes?.length !== PUBLIC_KEY_BYTES + 1 || bytes[0] !== ED25519[0] || !KEY_NAME.test(name)) return no;
  const key = { name, publicKey: bytes.subarray(1) };
  return toHex(keyHash(sha256, key)) === hash ? ok(key) : no;
};

const signatureLine = ({ sha256, ed25519 }: NotePowers, text: string, { key, privateKey }: NoteSigner): string =>
  `${DASH} ${key.name} ${toBase64(concatBytes([keyHash(sha256, key), ed25519.sign(utf8(text), privateKey)]))}\n`;

/** Signs a text, which ends in a line feed; others may sign along. */
export const signNote = (powers: NotePowers, text: string, key: NoteKey, privateKey: Uint8Array, along: readonly NoteSigner[] = []): string =>
  `${text}\n${[{ key, privateKey }, ...along].map((each) => signatureLine(powers, text, each)).join("")}`;

/**
 * The text of a note that `key` signed; signatures of other keys are passed over (C2SP signed-note, "Verification").
 * Errors: audit.note.malformed, audit.note.unsigned, audit.note.signature
 */
export const openNote = ({ sha256, ed25519 }: NotePowers, untrustedNote: string, key: NoteKey): Result<string> => {
  const malformed = refuse(failure("audit.note.malformed", { chars: untrustedNote.length }));
  if (untrustedNote.length > MAX_NOTE_CHARS || CONTROL.test(untrustedNote) || !untrustedNote.endsWith("\n")) return malformed;
  const at = untrustedNote.lastIndexOf("\n\n");
  if (at < 0) return malformed;
  const text = untrustedNote.slice(0, at + 1);
  const lines = untrustedNote.slice(at + 2, -1).split("\n");
  if (lines.length > MAX_NOTE_SIGNATURES) return malformed;
  const wanted = keyHash(sha256, key);
  let isSigned = false;
  for (const line of lines) {
    const { name, signature } = LINE.exec(line)?.groups ?? {};
    const bytes = signature === undefined ? null : fromBase64(signature);
    if (name === undefined || bytes === null || bytes.length <= HASH_BYTES) return malformed;
    if (name !== key.name || !equalBytes(bytes.subarray(0, HASH_BYTES), wanted)) continue;
    if (bytes.length !== HASH_BYTES + SIGNATURE_BYTES || !ed25519.verify(utf8(text), bytes.subarray(HASH_BYTES), key.publicKey)) {
      return refuse(failure("audit.note.signature", { name }));
    }
    isSigned = true;
  }
  return isSigned ? ok(text) : refuse(failure("audit.note.unsigned", { name: key.name }));
};
