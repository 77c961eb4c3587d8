import { type Field } from "../field.ts";

/** What a fault is told: the step's numbers, and how to wait so that an end of the run ends the wait. */
export type FaultOrder = { readonly lastsMs: number; readonly choice: number; readonly wait: (ms: number) => Promise<void> };

/** What happened, for the history of the run. `chains` are those whose transfers it concerns; null: all. */
export type FaultReport = { readonly what: string; readonly chains: readonly string[] | null };

/**
 * One kind of fault. `inject` returns when it is in force, `heal` undoes it; nothing may be left of it afterwards. A fault that heals by itself
 * while it is injected gives null for `heal`.
 */
export type Fault = {
  /** Faults with the same resource are not in force together. */
  readonly resource: string;
  readonly inject: (field: Field, order: FaultOrder) => Promise<{ readonly report: FaultReport; readonly heal: (() => Promise<void>) | null }>;
};

/** Chooses one of a list by a number in [0, 1). */
export const chosen = <T>(items: readonly T[], choice: number): T => {
  const item = items[Math.floor(choice * items.length)];
  if (item === undefined) throw new Error("nothing to choose from");
  return item;
};

/** Another number in [0, 1) that follows from a choice. */
export const further = (choice: number, salt: number): number => (choice * 7919 + salt * 0.618_033_988_75) % 1;
