import { type Clock } from "@crossguardian/kernel";

/** A clock moved by hand; `wallMs` begins at a fixed date. */
export type FakeClock = Clock & { readonly advance: (ms: number, between?: () => void) => void };

export const makeFakeClock = (): FakeClock => {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  return {
    wallMs: () => 1_700_000_000_000 + now,
    monotonicMs: () => now,
    after: (delayMs, run) => {
      const timer = { at: now + Math.max(0, delayMs), run };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    advance: (ms, between = () => undefined) => {
      const end = now + ms;
      between();
      for (;;) {
        const [next] = timers.filter((each) => each.at <= end).sort((left, right) => left.at - right.at);
        if (next === undefined) break;
        timers = timers.filter((each) => each !== next);
        now = Math.max(now, next.at);
        next.run();
        between();
      }
      now = end;
    },
  };
};
