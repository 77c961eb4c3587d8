import { type Cancel, type Clock, concatBytes, equalBytes } from "@crossguardian/kernel";
import { type Crypto } from "@crossguardian/crypto";
import { decodeRecords } from "./journal-format.ts";
import { applyRecord, emptyMemory, type JournalMemory } from "./journal-memory.ts";
import { FIRST_POSITION, HEAD_BYTES, type JournalKey, makeSealedGroups, type ReadPosition } from "./sealed-groups.ts";

/** How often a standby reads what the one at work has written since, in ms: so much is left to be read when it takes over. */
export const READ_AHEAD_MS = 500;
/** Beginning of a journal: its head and its first session's random salt. Two files that have it in common are one, or one began as a copy of the other. */
export const MARK_BYTES = HEAD_BYTES + 21;
/** Bytes before the place where reading stopped that must still be the same. */
const TAIL_BYTES = 64;

/** The newest journal of a volume without touching anything: its first MARK_BYTES, and everything from a place on; null without one. */
export type PeekJournal = (from: number) => { readonly mark: Uint8Array; readonly bytes: Uint8Array } | null;

/** What records were read, and the beginning of one that is not whole yet. */
export type KnownRecords = { readonly memory: JournalMemory; readonly goodBytes: number; readonly rest: Uint8Array };

/**
 * What a standby knows of its role's journal. A journal has as many sealed groups as it has been written to, some every second; to open them all only when the
 * place is taken over takes longer the longer the gateway has run.
 */
export type JournalAhead = {
  /** Reads on every {@link READ_AHEAD_MS} from now on. */
  readonly start: () => void;
  readonly look: () => void;
  readonly stop: () => void;
  /** From where a file that was read as a whole is not known yet; null: nothing of it is, and nothing is known any more. */
  readonly positionIn: (untrustedFile: Uint8Array) => ReadPosition | null;
  /** Of the file that `positionIn` was asked about last; handed over. */
  readonly take: () => KnownRecords | null;
};

type Known = KnownRecords & { readonly mark: Uint8Array; readonly tail: Uint8Array; readonly position: ReadPosition };

const tailFrom = ({ position, tail }: Known): number => position.at - tail.length;

/** `bytes` begins at `from` of a file with this mark: whether that is the file that is known, and goes on after what is. */
const goesOn = (known: Known, mark: Uint8Array, bytes: Uint8Array, from: number): boolean => {
  const at = tailFrom(known) - from;
  return equalBytes(mark, known.mark) && bytes.length >= at + known.tail.length && equalBytes(bytes.subarray(at, at + known.tail.length), known.tail);
};

/** Makes it; nothing is read yet. */
export const makeJournalAhead = (peek: PeekJournal, crypto: Pick<Crypto, "aead" | "sha256" | "random">, clock: Pick<Clock, "after">, key: JournalKey): JournalAhead => {
  const groups = makeSealedGroups(crypto, key);
  let known: Known | null = null;
  let cancel: Cancel = () => undefined;

  const readOn = (mark: Uint8Array, bytes: Uint8Array, from: number, before: Known | null): Known => {
    const { plaintexts, position } = groups.readOn(bytes, from, before?.position ?? FIRST_POSITION);
    const text = concatBytes([before?.rest ?? new Uint8Array(0), ...plaintexts]);
    const { records, goodBytes } = decodeRecords(text);
    const memory = before?.memory ?? emptyMemory();
    for (const record of records) applyRecord(memory, record);
    const end = position.at - from;
    return {
      mark: mark.slice(), tail: bytes.slice(Math.max(0, end - TAIL_BYTES), end), position, memory,
      goodBytes: (before?.goodBytes ?? 0) + goodBytes, rest: text.slice(goodBytes),
    };
  };
  const look = (): void => {
    const before = known;
    if (before !== null) {
      const from = tailFrom(before);
      const seen = peek(from);
      if (seen !== null && goesOn(before, seen.mark, seen.bytes, from)) {
        known = readOn(seen.mark, seen.bytes, from, before);
        return;
      }
    }
    const seen = peek(0);
    known = seen === null || seen.mark.length < MARK_BYTES || !groups.isOurs(seen.bytes) ? null : readOn(seen.mark, seen.bytes, 0, null);
  };
  const start = (): void => {
    look();
    cancel = clock.after(READ_AHEAD_MS, start);
  };
  return {
    start,
    look,
    stop: () => cancel(),
    positionIn: (untrustedFile) => {
      if (known !== null && !goesOn(known, untrustedFile.subarray(0, MARK_BYTES), untrustedFile, 0)) known = null;
      return known?.position ?? null;
    },
    take: () => {
      const taken = known;
      known = null;
      return taken;
    },
  };
};
