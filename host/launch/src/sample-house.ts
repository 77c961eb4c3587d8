import { type CounterReader } from "@crossguardian/isolation";
import { type Clock } from "@crossguardian/kernel";
import { type DomainCounters, type ToManagement } from "./management-lines.ts";

/** Time between two samples of a house, in ms: 10 Hz. */
export const SAMPLE_MS = 100;
/** Counters that change slowly are read every so many samples. */
export const SLOW_EVERY_COUNT = 5;

/** A process of the house as it runs now. */
export type Sampled = { readonly name: string; readonly epoch: string; readonly pid: number };

/** What sampling needs. */
export type SampleParts = {
  readonly clock: Clock;
  readonly running: () => readonly Sampled[];
  readonly open: (name: string, pid: number) => CounterReader;
  readonly tell: (line: ToManagement) => void;
  /** Management is there and the house is not frozen. */
  readonly isWanted: () => boolean;
};

type Open = { readonly pid: number; readonly reader: CounterReader };

/**
 * Gives management the kernel's counters of every process of the house (paper section V-C), so that management needs no right
 * of its own to read them. Returns what ends it.
 */
export const sampleHouse = ({ clock, running, open, tell, isWanted }: SampleParts): (() => void) => {
  const readers = new Map<string, Open>();
  let round = 0;
  let isOver = false;
  let cancel = (): void => undefined;

  const drop = (name: string): void => {
    readers.get(name)?.reader.close();
    readers.delete(name);
  };
  const readerOf = (name: string, pid: number): CounterReader => {
    const known = readers.get(name);
    if (known?.pid === pid) return known.reader;
    drop(name);
    const reader = open(name, pid);
    readers.set(name, { pid, reader });
    return reader;
  };
  const sample = (): void => {
    const now = running();
    const names = new Set(now.map(({ name }) => name));
    for (const name of readers.keys()) if (!names.has(name)) drop(name);
    const isSlow = round % SLOW_EVERY_COUNT === 0;
    round += 1;
    const domains = now.flatMap(({ name, epoch, pid }): readonly DomainCounters[] => {
      const isNew = readers.get(name)?.pid !== pid;
      const counters = readerOf(name, pid).read(isSlow || isNew);
      if (counters === null) drop(name);
      return counters === null ? [] : [{ name, epoch, ...counters }];
    });
    tell({ type: "sample", atMs: Math.round(clock.monotonicMs()), domains });
  };
  const again = (): void => {
    if (isOver) return;
    cancel = clock.after(SAMPLE_MS, () => {
      if (isWanted()) sample();
      again();
    });
  };
  again();
  return () => {
    isOver = true;
    cancel();
    for (const name of [...readers.keys()]) drop(name);
  };
};
