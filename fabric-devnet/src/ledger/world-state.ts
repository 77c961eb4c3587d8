import { type ReadWriteSet, type Version } from "../messages/endorsement.ts";

/** Keys with values and the version each was written at. */
export type WorldState = {
  readonly get: (key: string) => { readonly value: Uint8Array; readonly version: Version } | null;
  /** Keys from `start` (inclusive) to `end` (exclusive; "" is no end) in order. */
  readonly range: (start: string, end: string) => readonly string[];
  /** True when every key still has the version that was read. */
  readonly isCurrent: (set: ReadWriteSet) => boolean;
  readonly apply: (set: ReadWriteSet, version: Version) => void;
};

const same = (left: Version | null, right: Version | null): boolean => left?.block === right?.block && left?.tx === right?.tx;

/** An empty state. */
export const makeWorldState = (): WorldState => {
  const entries = new Map<string, { readonly value: Uint8Array; readonly version: Version }>();
  return {
    get: (key) => entries.get(key) ?? null,
    range: (start, end) => [...entries.keys()].filter((key) => key >= start && (end === "" || key < end)).sort(),
    isCurrent: ({ reads }) => reads.every(({ key, version }) => same(entries.get(key)?.version ?? null, version)),
    apply: ({ writes }, version) => {
      for (const { key, value } of writes) {
        if (value === null) entries.delete(key);
        else entries.set(key, { value, version });
      }
    },
  };
};

/** What one simulation of a chaincode reads and writes; a read does not see the simulation's own writes. */
export type Simulation = {
  readonly read: (key: string) => Uint8Array;
  readonly keys: (start: string, end: string) => readonly string[];
  readonly write: (key: string, value: Uint8Array | null) => void;
  /** Sorted by key, as a peer builds it. */
  readonly done: () => ReadWriteSet;
};

/** Starts a simulation. */
export const simulate = (state: WorldState): Simulation => {
  const reads = new Map<string, Version | null>();
  const writes = new Map<string, Uint8Array | null>();
  const read = (key: string): Uint8Array => {
    const found = state.get(key);
    if (!reads.has(key)) reads.set(key, found?.version ?? null);
    return found?.value ?? new Uint8Array(0);
  };
  const byKey = ([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number => (left < right ? -1 : 1);
  return {
    read,
    keys: state.range,
    write: (key, value) => {
      writes.set(key, value);
    },
    done: () => ({
      reads: [...reads].sort(byKey).map(([key, version]) => ({ key, version })),
      writes: [...writes].sort(byKey).map(([key, value]) => ({ key, value })),
    }),
  };
};

/** Lets simulations run together and a commit alone, as a peer's lock does; a waiting commit goes first. */
export type StateLock = { readonly shared: <T>(run: () => Promise<T>) => Promise<T>; readonly alone: (run: () => void) => Promise<void> };

/** Makes the lock. */
export const makeStateLock = (): StateLock => {
  let sharing = 0;
  const commits: (() => void)[] = [];
  const waiting: (() => void)[] = [];
  const next = (): void => {
    while (sharing === 0 && commits.length > 0) commits.shift()?.();
    if (commits.length === 0) for (const each of waiting.splice(0)) each();
  };
  return {
    shared: async (run) => {
      while (commits.length > 0) await new Promise<void>((resolve) => waiting.push(resolve));
      sharing += 1;
      try {
        return await run();
      } finally {
        sharing -= 1;
        next();
      }
    },
    alone: async (run) =>
      new Promise<void>((resolve) => {
        commits.push(() => {
          run();
          resolve();
        });
        next();
      }),
  };
};
