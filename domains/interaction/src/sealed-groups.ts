import { concatBytes, equalBytes, utf8 } from "@crossguardian/kernel";
import { type Crypto } from "@crossguardian/crypto";
import { hkdf32 } from "./hkdf.ts";

/** Suite the journal is sealed with. */
const SUITE = "aes-256-gcm";
const MAGIC = utf8("CGJ1");
const INFO = utf8("crossguardian/journal-session/v1");
/** Bytes of a journal's head, which says by which key it is sealed. */
export const HEAD_BYTES = MAGIC.length + 8;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Frame: kind u8, length u32, then a session's salt or a sealed group. */
const FRAME_HEAD_BYTES = 5;
const KIND = { session: 1, group: 2 } as const;

/** The secret below the domain's root key, and the epoch of that root key. */
export type JournalKey = { readonly secret: Uint8Array; readonly epoch: bigint };

/** Key of a session, and how many groups it has sealed. */
export type Session = { readonly key: Uint8Array; count: bigint };

/** Where reading stopped: behind the last whole group, in this session. */
export type ReadPosition = { readonly at: number; readonly session: Session | null };

/** The groups of a sealed journal (sealed-journal.ts). */
export type SealedGroups = {
  readonly head: Uint8Array;
  /** Whether a file is sealed by this key. */
  readonly isOurs: (untrusted: Uint8Array) => boolean;
  /** A new session and the frame that begins it. */
  readonly begin: () => { readonly session: Session; readonly frame: Uint8Array };
  readonly seal: (session: Session, plaintext: Uint8Array) => Uint8Array;
  /** Words of the whole groups from a position on, as far as they are good; `untrusted` begins at `offset` of the file. */
  readonly readOn: (untrusted: Uint8Array, offset: number, from: ReadPosition) => { readonly plaintexts: readonly Uint8Array[]; readonly position: ReadPosition };
};

/** Reading begins here. */
export const FIRST_POSITION: ReadPosition = { at: HEAD_BYTES, session: null };

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

/** Seals and opens groups by one key. */
export const makeSealedGroups = (crypto: Pick<Crypto, "aead" | "sha256" | "random">, { secret, epoch }: JournalKey): SealedGroups => {
  const head = headOf(epoch);
  const sessionOf = (salt: Uint8Array): Session => ({ key: hkdf32(crypto.sha256, secret, salt, INFO), count: 0n });
  return {
    head,
    isOurs: (untrusted) => untrusted.length >= HEAD_BYTES && equalBytes(untrusted.subarray(0, HEAD_BYTES), head),
    begin: () => {
      const salt = crypto.random.bytes(SALT_BYTES);
      return { session: sessionOf(salt), frame: frameOf(KIND.session, salt) };
    },
    seal: (session, plaintext) => {
      const sealed = crypto.aead.seal(SUITE, session.key, nonceOf(session.count), plaintext, head);
      session.count += 1n;
      return frameOf(KIND.group, sealed);
    },
    readOn: (untrusted, offset, from) => {
      const view = new DataView(untrusted.buffer, untrusted.byteOffset, untrusted.byteLength);
      const plaintexts: Uint8Array[] = [];
      let at = from.at - offset;
      let open: Session | null = from.session === null ? null : { ...from.session };
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
          plaintexts.push(plaintext);
        }
        at = end;
      }
      return { plaintexts, position: { at: at + offset, session: open } };
    },
  };
};
