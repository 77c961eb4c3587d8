import { availableParallelism, loadavg } from "node:os";
import { makeTurns } from "../machine/in-turn.ts";

/** How a state is made, and how that is given up. */
export type Keeping = { readonly make: () => Promise<void>; readonly end: () => Promise<void> };

/** Makes states of machines, for their next starts, beside those that run: one at a time, when the host has had processors to spare. */
export type KeepBeside = {
  /** Has a state made some time. */
  readonly plan: (machine: string, keeping: Keeping) => void;
  /** Has what is planned made now, and waits for it. @throws what `make` throws */
  readonly now: (machine: string) => Promise<void>;
  /** Takes a plan back; what is under way is given up. */
  readonly drop: (machine: string) => Promise<void>;
};

/** Between two looks whether the host has processors to spare, in ms. */
const LOOK_MS = 30_000;

const isIdle = (): boolean => (loadavg()[0] ?? Infinity) < availableParallelism() / 2;

type Plan = { readonly keeping: Keeping; timer: NodeJS.Timeout | null; making: Promise<void> | null; hasBegun: boolean };

/** Nothing is planned yet. */
export const makeKeepBeside = (): KeepBeside => {
  const plans = new Map<string, Plan>();
  const inTurn = makeTurns();

  const start = async (plan: Plan): Promise<void> => {
    clearTimeout(plan.timer ?? undefined);
    if (plan.making !== null) return plan.making;
    const make = async (): Promise<void> => {
      if (![...plans.values()].includes(plan)) return; // taken back before its turn
      plan.hasBegun = true;
      await plan.keeping.make();
    };
    plan.making = inTurn(make);
    return plan.making;
  };
  const look = (plan: Plan): void => {
    plan.timer = setTimeout(() => {
      if (isIdle()) start(plan).catch(() => undefined); // its next start boots
      else look(plan);
    }, LOOK_MS).unref();
  };
  return {
    plan: (machine, keeping) => {
      const plan: Plan = { keeping, timer: null, making: null, hasBegun: false };
      plans.set(machine, plan);
      look(plan);
    },
    now: async (machine) => {
      const plan = plans.get(machine);
      if (plan !== undefined) await start(plan);
    },
    drop: async (machine) => {
      const plan = plans.get(machine);
      if (plan === undefined) return;
      plans.delete(machine);
      clearTimeout(plan.timer ?? undefined);
      if (!plan.hasBegun) return;
      await plan.keeping.end();
      await plan.making?.catch(() => undefined);
    },
  };
};
