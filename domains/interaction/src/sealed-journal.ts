import { concatBytes, equalBytes, type Log, utf8 } from "@crossguardian/kernel";
import { type Crypto } from "@crossguardian/crypto";
import { hkdf32 } from "./hkdf.ts";
import { type JournalFile } from "./journal.ts";

/** Suite the journal is sealed with. */
const SUITE = "aes-256-gcm";
const MAGIC = utf8("CGJ1");
const INFO = utf8("crossguardian/journal-session/v1");
const HEAD_BYTES = MAGIC.length + 8;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Frame: kind u8, length u32, then a session's salt or a sealed group. */
const FRAME_HEAD_BYTES = 5;
const KIND = { session: 1, group: 2 } as const;

type SealPowers = { readonly crypto: Pick<Crypto, "aead" | "sha256" | "random">; readonly log: Log };

/** The secret below the domain's root key, and the epoch of that root key. */
export type JournalKey = { readonly secret: Uint8Array; readonly epoch: bigint };

type Session = { readonly key: Uint8Array; count: bigint };

/** A group as it was read: where it ends in the file, and in the plaintext. */
type Group = { readonly fileEnd: number; readonly plaintext: Uint8Array };

const headOf = (epoch: bigint): Uint8Array => {
  const head = new Uint8Array(HEAD_BYTES);
  head.set(MAGIC);
  new DataView(head.buffer).setBigUint64(MAGIC.length, epoch);
  return head;
};

const frameOf = (kind: number, body: Uint8Array): Uint8Array => {
  const head = new Uint8Array(FRAME_HEAD_BYTES);
  head[0] = kind;
  new DataView(head.buffer).setUint32(1, body.length);
  return concatBytes([head, body]);
};

const nonceOf = (count: bigint): Uint8Array => {
  const nonce = new Uint8Array(NONCE_BYTES);
  new DataView(nonce.buffer).setBigUint64(NONCE_BYTES - 8, count);
  return nonce;
};

/**
 * The journal's file with everything in it encrypted and authenticated (paper constraint 4c). Each opening, and each new file, begins a session
 * with a random salt and so a key of its own; the nonce counts the groups of a session. So no nonce is used twice with one key, also
 * when the end of a file was torn off and written again. A file of another key epoch, or of no key, is begun anew: the journal is a cache.
 */
export const sealJournal = (file: JournalFile, { crypto, log }: SealPowers, { secret, epoch }: JournalKey): JournalFile => {
  const head = headOf(epoch);
  let groups: Group[] = [];
  /** Null: the next append begins a session. */
  let session: Session | null = null;
  let isEmpty = true;

  const sessionOf = (salt: Uint8Array): Session => ({ key: hkdf32(crypto.sha256, secret, salt, INFO), count: 0n });
  const sealGroup = (into: Session, plaintext: Uint8Array): Uint8Array => {
    const sealed = crypto.aead.seal(SUITE, into.key, nonceOf(into.count), plaintext, head);
    into.count += 1n;
    return frameOf(KIND.group, sealed);
  };
  const begin = (): { readonly session: Session; readonly frame: Uint8Array } => {
    const salt = crypto.random.bytes(SALT_BYTES);
    return { session: sessionOf(salt), frame: frameOf(KIND.session, salt) };
  };

  const readGroups = (untrusted: Uint8Array): { readonly groups: Group[]; readonly goodBytes: number } => {
    const view = new DataView(untrusted.buffer, untrusted.byteOffset, untrusted.byteLength);
    const found: Group[] = [];
    let at = HEAD_BYTES;
    let open: Session | null = null;
    while (at + FRAME_HEAD_BYTES <= untrusted.length) {
      const kind = view.getUint8(at);
      const end = at + FRAME_HEAD_BYTES + view.getUint32(at + 1);
      if (end > untrusted.length) break;
      const body = untrusted.subarray(at + FRAME_HEAD_BYTES, end);
      if (kind === KIND.session && body.length === SALT_BYTES) open = sessionOf(body);
      else {
        const plaintext: Uint8Array | null = kind === KIND.group && open !== null && body.length >= TAG_BYTES ? crypto.aead.open(SUITE, open.key, nonceOf(open.count), body, head) : null;
        if (plaintext === null || open === null) break;
        open.count += 1n;
        found.push({ fileEnd: end, plaintext });
      }
      at = end;
    }
    return { groups: found, goodBytes: at };
  };
  const replace = async (plaintext: Uint8Array): Promise<void> => {
    session = null;
    const next = begin();
    await file.replace(concatBytes([head, next.frame, sealGroup(next.session, plaintext)]));
    ({ session } = next);
    isEmpty = false;
  };

  return {
    read: async () => {
      const untrusted = await file.read();
      isEmpty = untrusted.length < HEAD_BYTES || !equalBytes(untrusted.subarray(0, HEAD_BYTES), head);
      if (isEmpty) {
        if (untrusted.length > 0) {
          log.warn("interaction.journal.epoch", { bytes: untrusted.length, epoch });
          await file.truncate(0);
        }
        return new Uint8Array(0);
      }
      const read = readGroups(untrusted);
      ({ groups } = read);
      if (read.goodBytes < untrusted.length) {
        log.warn("interaction.journal.damaged", { bytes: untrusted.length, goodBytes: read.goodBytes });
        await file.truncate(read.goodBytes);
      }
      return concatBytes(groups.map(({ plaintext }) => plaintext));
    },
    truncate: async (keepBytes) => {
      const whole = concatBytes(groups.map(({ plaintext }) => plaintext));
      await replace(whole.subarray(0, keepBytes));
    },
    append: async (plaintext) => {
      groups = [];
      const begun: ReturnType<typeof begin> | null = session === null ? begin() : null;
      const into: Session = begun?.session ?? session ?? begin().session;
      const bytes = concatBytes([...(isEmpty ? [head] : []), ...(begun === null ? [] : [begun.frame]), sealGroup(into, plaintext)]);
      session = into;
      await file.append(bytes);
      isEmpty = false;
    },
    sync: file.sync,
    replace: async (plaintext) => {
      groups = [];
      await replace(plaintext);
    },
    close: file.close,
  };
};
