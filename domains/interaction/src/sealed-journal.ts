import { concatBytes, type Log } from "@crossguardian/kernel";
import { type Crypto } from "@crossguardian/crypto";
import { type JournalAhead } from "./journal-ahead.ts";
import { type JournalFile } from "./journal.ts";
import { FIRST_POSITION, type JournalKey, makeSealedGroups, type Session } from "./sealed-groups.ts";

type SealPowers = { readonly crypto: Pick<Crypto, "aead" | "sha256" | "random">; readonly log: Log };

/**
 * The journal's file with everything in it encrypted and authenticated (paper constraint 4c). Each opening, and each new file, begins a session
 * with a random salt and so a key of its own; the nonce counts the groups of a session. So no nonce is used twice with one key, also
 * when the end of a file was torn off and written again. A file of another key epoch, or of no key, is begun anew: the journal is a cache.
 * With `ahead` only what that does not know yet is read.
 */
export const sealJournal = (file: JournalFile, { crypto, log }: SealPowers, key: JournalKey, ahead?: Pick<JournalAhead, "positionIn">): JournalFile => {
  const groups = makeSealedGroups(crypto, key);
  const { head } = groups;
  /** What was read, until something is written. */
  let untrustedFile: Uint8Array = new Uint8Array(0);
  /** Null: the next append begins a session. */
  let session: Session | null = null;
  let isEmpty = true;

  const replace = async (plaintext: Uint8Array): Promise<void> => {
    session = null;
    const next = groups.begin();
    await file.replace(concatBytes([head, next.frame, groups.seal(next.session, plaintext)]));
    ({ session } = next);
    isEmpty = false;
  };

  return {
    read: async () => {
      const untrusted = await file.read();
      const known = ahead?.positionIn(untrusted) ?? null;
      isEmpty = !groups.isOurs(untrusted);
      if (isEmpty) {
        if (untrusted.length > 0) {
          log.warn("interaction.journal.epoch", { bytes: untrusted.length, epoch: key.epoch });
          await file.truncate(0);
        }
        return new Uint8Array(0);
      }
      const { plaintexts, position } = groups.readOn(untrusted, 0, known ?? FIRST_POSITION);
      untrustedFile = untrusted;
      if (position.at < untrusted.length) {
        log.warn("interaction.journal.damaged", { bytes: untrusted.length, goodBytes: position.at });
        await file.truncate(position.at);
      }
      return concatBytes(plaintexts);
    },
    truncate: async (keepBytes) => {
      const whole = concatBytes(groups.readOn(untrustedFile, 0, FIRST_POSITION).plaintexts);
      await replace(whole.subarray(0, keepBytes));
    },
    append: async (plaintext) => {
      untrustedFile = new Uint8Array(0);
      const into = session === null ? groups.begin() : { session, frame: new Uint8Array(0) };
      const bytes = concatBytes([...(isEmpty ? [head] : []), into.frame, groups.seal(into.session, plaintext)]);
      ({ session } = into);
      await file.append(bytes);
      isEmpty = false;
    },
    sync: file.sync,
    replace: async (plaintext) => {
      untrustedFile = new Uint8Array(0);
      await replace(plaintext);
    },
    close: file.close,
  };
};
