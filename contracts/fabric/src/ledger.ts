import { type FabricLog } from "@crossguardian/proof";

/** The channel's state as the peer lends it: what a transaction wrote, it does not read. */
export type State = {
  /** Empty when the key is not there. */
  readonly get: (key: string) => Promise<Uint8Array>;
  readonly put: (key: string, value: Uint8Array) => Promise<void>;
  readonly remove: (key: string) => Promise<void>;
};

/** State of one transaction, with what it wrote itself, and frames whose writes and events can be undone. */
export type Ledger = {
  readonly read: (key: string) => Promise<Uint8Array | null>;
  readonly write: (key: string, value: Uint8Array | null) => void;
  readonly emit: (log: FabricLog) => void;
  /** Runs in a frame of its own: when it throws, what it wrote and emitted is undone, and the error passes on. */
  readonly inFrame: <T>(run: () => Promise<T>) => Promise<T>;
  /** Gives the writes to the peer, in order of first writing; answers the events. */
  readonly flush: () => Promise<readonly FabricLog[]>;
};

type Frame = { readonly writes: Map<string, Uint8Array | null>; readonly logs: FabricLog[] };

/** Opens the state for one transaction. */
export const openLedger = (state: State): Ledger => {
  const known = new Map<string, Uint8Array | null>();
  const frames: Frame[] = [{ writes: new Map(), logs: [] }];
  const top = (): Frame => {
    const frame = frames.at(-1);
    if (frame === undefined) throw new Error("the ledger has no frame");
    return frame;
  };

  return {
    read: async (key) => {
      for (const { writes } of frames.toReversed()) {
        const written = writes.get(key);
        if (written !== undefined) return written;
      }
      let value = known.get(key);
      if (value === undefined) {
        const found = await state.get(key);
        value = found.length === 0 ? null : Uint8Array.from(found);
        known.set(key, value);
      }
      return value;
    },
    write: (key, value) => {
      top().writes.set(key, value);
    },
    emit: (log) => {
      top().logs.push(log);
    },
    inFrame: async (run) => {
      frames.push({ writes: new Map(), logs: [] });
      try {
        const result = await run();
        const frame = frames.pop();
        const below = top();
        for (const [key, value] of frame?.writes ?? []) below.writes.set(key, value);
        below.logs.push(...(frame?.logs ?? []));
        return result;
      } catch (error) {
        frames.pop();
        throw error;
      }
    },
    flush: async () => {
      const { writes, logs } = top();
      for (const [key, value] of writes) await (value === null ? state.remove(key) : state.put(key, value));
      return logs;
    },
  };
};
