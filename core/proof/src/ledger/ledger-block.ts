import { concatBytes, type Hash, utf8 } from "@crossguardian/kernel";
import { bool, bounds, bytes, type Decoded, encodeMessage, hash32, list, oneOf, struct, text, u64, u8 } from "@crossguardian/wire";

/** Header of a block of a plain ledger: a chain that keeps no format of its own for what it proves. */
export const ledgerHeader = struct({
  height: u64,
  parentHash: hash32,
  /** Seconds since 1970. */
  timestampS: u64,
  /** Root over the block's gateway events, in their order; 32 zero bytes for none. */
  eventsRoot: hash32,
});
/** See {@link ledgerHeader}. */
export type LedgerHeader = Decoded<typeof ledgerHeader>;

/** What a plain ledger's event is. */
export const LEDGER_EVENT = { request: 1, receipt: 2, settled: 3 } as const;

/** An event of a plain ledger; fields that its type does not have are zero or empty. */
export const ledgerEvent = struct({
  type: oneOf([1, 2, 3]),
  /** The gateway contract that emits it, as registered. */
  emitter: hash32,
  fromKey: hash32,
  toKey: hash32,
  index: u64,
  requestHash: hash32,
  bodyHash: hash32,
  timeoutMs: u64,
  priority: u8,
  isPrivate: bool,
  func: text(bounds.MAX_FUNC_BYTES),
  args: list(bytes(bounds.MAX_ARG_BYTES), bounds.MAX_ARGS),
  status: u8,
  result: bytes(bounds.MAX_RESULT_BYTES),
});
/** See {@link ledgerEvent}. */
export type LedgerEvent = Decoded<typeof ledgerEvent>;

const MAX_EVENT_BYTES = 2 * 1024 * 1024;

/** Evidence of one block: its header, and each event with its way to the root. */
export const ledgerEvidence = struct({
  header: bytes(256),
  events: list(struct({ position: u64, event: bytes(MAX_EVENT_BYTES), siblings: list(hash32, bounds.MAX_TREE_LEVELS) }), bounds.MAX_ITEMS_PER_EVIDENCE),
});

const HEADER_MARK = utf8("CrossGuardian.ledger.v1");
const LEAF_MARK = Uint8Array.of(0);
const NODE_MARK = Uint8Array.of(1);
const ZERO = new Uint8Array(32);

/** sha256("CrossGuardian.ledger.v1" || encoded header). */
export const ledgerBlockHash = (sha256: Hash, header: Uint8Array): Uint8Array => sha256(concatBytes([HEADER_MARK, header]));

/** sha256(0x00 || encoded event). */
export const ledgerLeaf = (sha256: Hash, event: Uint8Array): Uint8Array => sha256(concatBytes([LEAF_MARK, event]));

/** sha256(0x01 || left || right). */
export const ledgerNode = (sha256: Hash, left: Uint8Array, right: Uint8Array): Uint8Array => sha256(concatBytes([NODE_MARK, left, right]));

/** Root over encoded events, padded with zero leaves to a power of two, and the way of each. */
export const ledgerEventsTree = (
  sha256: Hash,
  events: readonly Uint8Array[],
): { readonly root: Uint8Array; readonly siblings: (position: number) => readonly Uint8Array[] } => {
  let size = 1;
  while (size < events.length) size *= 2;
  const levels: (readonly Uint8Array[])[] = [Array.from({ length: size }, (_, at) => (events[at] === undefined ? ZERO : ledgerLeaf(sha256, events[at])))];
  for (let level = levels[0] ?? []; level.length > 1; ) {
    const below = level;
    level = Array.from({ length: below.length / 2 }, (_, at) => ledgerNode(sha256, below[2 * at] ?? ZERO, below[2 * at + 1] ?? ZERO));
    levels.push(level);
  }
  return {
    root: levels.at(-1)?.[0] ?? ZERO,
    siblings: (position) => levels.slice(0, -1).map((level, up) => level[(position >> up) ^ 1] ?? ZERO),
  };
};

/** Encodes a header. */
export const encodeLedgerHeader = (header: LedgerHeader): Uint8Array => encodeMessage(ledgerHeader, header);
