import { failure, ok, refuse, type Result } from "@crossguardian/kernel";
import { fromBase64, toBase64 } from "./base64.ts";
import { type NoteKey, type NotePowers, type NoteSigner, openNote, signNote } from "./note.ts";
import { type TreeHead } from "./verify-proof.ts";

const ROOT_BYTES = 32;
const SIZE = /^(0|[1-9]\d{0,14})$/u;

/** Head of one log; `origin` names the log (C2SP tlog-checkpoint). */
export type Checkpoint = TreeHead & { readonly origin: string };

/** The signed note of a checkpoint; a key's name is the log's origin. */
export const signCheckpoint = (powers: NotePowers, { origin, size, root }: Checkpoint, key: NoteKey, privateKey: Uint8Array, along: readonly NoteSigner[] = []): string =>
  signNote(powers, `${origin}\n${String(size)}\n${toBase64(root)}\n`, key, privateKey, along);

/** Checks a note's signature, then reads the checkpoint in it. Errors: audit.note.*, audit.checkpoint.malformed, audit.checkpoint.origin */
export const openCheckpoint = (powers: NotePowers, untrustedNote: string, key: NoteKey): Result<Checkpoint> => {
  const text = openNote(powers, untrustedNote, key);
  if (!text.ok) return text;
  // Lines after the third are extensions, which nothing here uses.
  const [origin = "", size = "", root = ""] = text.value.split("\n");
  const rootBytes = fromBase64(root);
  if (rootBytes?.length !== ROOT_BYTES || !SIZE.test(size)) return refuse(failure("audit.checkpoint.malformed"));
  if (origin !== key.name) return refuse(failure("audit.checkpoint.origin", { chars: origin.length }));
  return ok({ origin, size: Number(size), root: rootBytes });
};
