import { type Clock, toHex } from "@crossguardian/kernel";
import { bounds, type Message } from "@crossguardian/wire";

/** Entries whose body is asked for; with more, blocks wait. */
export const MAX_MISSING_ENTRIES = 4096;

type Entry = Message<"block">["entries"][number];
type Missing = { readonly block: Message<"block">; readonly entry: Entry; askedMs: number };

/** Bodies that did not come with their block. */
export type MissingBodies = {
  readonly add: (block: Message<"block">, entries: readonly Entry[]) => void;
  /** Blocks again, each with only the entries that this body completes. */
  readonly fill: (cid: Uint8Array, body: Uint8Array) => readonly Message<"block">[];
  /** Content ids to ask for now: those not asked within `retryMs`. */
  readonly due: (retryMs: number) => readonly Uint8Array[];
  readonly isFull: () => boolean;
  readonly count: () => number;
  readonly clear: () => void;
};

/** Makes an empty list. */
export const makeMissingBodies = (clock: Pick<Clock, "monotonicMs">): MissingBodies => {
  const byCid = new Map<string, Missing[]>();
  let count = 0;
  return {
    add: (block, entries) => {
      for (const entry of entries) {
        const key = toHex(entry.cid);
        const waiting = byCid.get(key) ?? [];
        const { height } = block.attestation.header;
        if (waiting.some((each) => each.entry.position === entry.position && each.block.attestation.header.height === height)) continue;
        waiting.push({ block, entry, askedMs: -Infinity });
        byCid.set(key, waiting);
        count += 1;
      }
    },
    fill: (cid, body) => {
      const key = toHex(cid);
      const waiting = byCid.get(key) ?? [];
      byCid.delete(key);
      count -= waiting.length;
      return waiting.map(({ block, entry }) => ({ ...block, entries: [{ ...entry, body }] }));
    },
    due: (retryMs) => {
      const now = clock.monotonicMs();
      const cids: Uint8Array[] = [];
      for (const waiting of byCid.values()) {
        const [first] = waiting;
        if (first === undefined || now - first.askedMs < retryMs) continue;
        first.askedMs = now;
        cids.push(first.entry.cid);
        if (cids.length >= bounds.MAX_CIDS_PER_QUESTION) break;
      }
      return cids;
    },
    isFull: () => count >= MAX_MISSING_ENTRIES,
    count: () => count,
    clear: () => {
      byCid.clear();
      count = 0;
    },
  };
};
