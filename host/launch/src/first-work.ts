import { type Clock } from "@crossguardian/kernel";
import { type Admissions } from "./admissions.ts";
import { type DomainEntry, type HouseSpec, roleOf } from "./house-spec.ts";
import { type FromSwitch } from "./switch-lines.ts";

/** Longest wait for the first work of whoever took a role over, in ms. */
export const FIRST_WORK_LONGEST_MS = 1_000;

/**
 * Whoever takes a role over has the processors until it has done its first work: clearing away what is left of the one before, and starting that one anew, wait
 * for it. Nobody waits for them.
 */
export type FirstWork = {
  /** Resolves when no standby owes its first work in the place of this one, which has ended; after a while in any case. `wasActive`: as far as is known it did its role's work. */
  readonly awaitAfter: (ended: DomainEntry, wasActive: boolean) => Promise<void>;
  /** What the switch says of takeovers. */
  readonly heard: (message: FromSwitch) => void;
};

type Parts = {
  readonly spec: Pick<HouseSpec, "domains">;
  readonly clock: Pick<Clock, "after">;
  readonly isAdmitted: Admissions["isAdmitted"];
};

/** Knows which takeovers are still without work. */
export const makeFirstWork = ({ spec, clock, isAdmitted }: Parts): FirstWork => {
  /** Roles that were taken over and whose first work was not seen. */
  const owing = new Set<number>();
  const waiting = new Map<number, Set<() => void>>();

  const release = (role: number): void => {
    owing.delete(role);
    for (const resolve of waiting.get(role) ?? []) resolve();
    waiting.delete(role);
  };
  return {
    heard: (message) => {
      if (message.type === "active" && message.instead !== null) owing.add(message.role);
      else if (message.type === "served") release(message.role);
    },
    awaitAfter: async (ended, wasActive) => {
      const role = roleOf(spec, ended).port;
      const hasSuccessor = spec.domains.some((each) => each.name !== ended.name && roleOf(spec, each).port === role && isAdmitted(each.name));
      if (!hasSuccessor) release(role); // nobody is left to speak, and nobody waits for it
      else if (wasActive || owing.has(role)) {
        const { promise, resolve } = Promise.withResolvers<undefined>();
        const done = (): void => resolve(undefined);
        waiting.set(role, (waiting.get(role) ?? new Set()).add(done));
        const cancel = clock.after(FIRST_WORK_LONGEST_MS, () => release(role));
        await promise;
        cancel();
      }
    },
  };
};
