import { type Clock } from "@crossguardian/kernel";

/** Connections that may come to nothing before those behind them have to wait for their turn. */
export const FREE_TURNS = 64;
/** Turns that come back by themselves, per second. */
export const TURNS_PER_S = 10;
/** Connections that wait for their turn, unread. */
export const MAX_WAITING = 256;
/** Longest wait for a turn, in ms. */
export const TURN_DEADLINE_MS = 10_000;

const MS_PER_S = 1_000;

/**
 * Lets connections in by turns. One whose domain answers gives its turn back, so true users never wait; one that comes to nothing has used it up, so a flood of
 * connections costs a domain no more than {@link TURNS_PER_S} of them a second, whatever it sends.
 */
export type Turnstile<T> = {
  readonly offer: (one: T) => void;
  readonly giveBack: () => void;
};

/** What a turnstile does with whoever comes. */
export type TurnstileParts<T> = {
  readonly clock: Clock;
  readonly enter: (one: T) => void;
  readonly turnAway: (one: T) => void;
};

/** Makes a turnstile with all its turns free. */
export const makeTurnstile = <T>({ clock, enter, turnAway }: TurnstileParts<T>): Turnstile<T> => {
  let waiting: { readonly one: T; readonly sinceMs: number }[] = [];
  let turns = FREE_TURNS;
  let filledMs = clock.monotonicMs();
  let isScheduled = false;

  const look = (): void => {
    const nowMs = clock.monotonicMs();
    turns = Math.min(FREE_TURNS, turns + ((nowMs - filledMs) * TURNS_PER_S) / MS_PER_S);
    filledMs = nowMs;
    const late = waiting.filter(({ sinceMs }) => nowMs - sinceMs >= TURN_DEADLINE_MS);
    waiting = waiting.slice(late.length); // in the order in which they came
    for (const { one } of late) turnAway(one);
    const ready = waiting.splice(0, Math.floor(turns));
    turns -= ready.length;
    for (const { one } of ready) enter(one);
    if (waiting.length === 0 || isScheduled) return;
    isScheduled = true;
    clock.after(MS_PER_S / TURNS_PER_S, () => {
      isScheduled = false;
      look();
    });
  };
  return {
    offer: (one) => {
      if (waiting.length >= MAX_WAITING) {
        turnAway(one);
        return;
      }
      waiting.push({ one, sinceMs: clock.monotonicMs() });
      look();
    },
    giveBack: () => {
      turns = Math.min(FREE_TURNS, turns + 1);
      if (waiting.length > 0) look();
    },
  };
};
