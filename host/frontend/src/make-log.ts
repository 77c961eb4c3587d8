import { type Clock, type Fact, type Log } from "@crossguardian/kernel";
import { bounds, type Message } from "@crossguardian/wire";
import { plainAscii } from "./plain-ascii.ts";

/** Log lines a domain may send in a row, and per second on average. */
export const LOG_BURST_LINES = 400;
export const LOG_LINES_PER_SECOND = 100;

const MAX_FACT_CHARS = 160; // at most 3 UTF-8 bytes per UTF-16 unit: 480 bytes

type Facts = Readonly<Record<string, Fact>>;

/** Bounded text: cut, and without what would break a terminal. */
const factText = (fact: Fact): string => {
  const text = String(fact).replaceAll(/[\u0000-\u001f\u007f-\u009f]/gu, " ").toWellFormed();
  return text.length > MAX_FACT_CHARS ? `${text.slice(0, MAX_FACT_CHARS - 1).toWellFormed()}~` : text;
};

const lineOf = (level: 0 | 1 | 2, event: string, facts: Facts): Message<"logLine"> => ({
  level,
  event: plainAscii(event, bounds.MAX_NAME_BYTES),
  facts: Object.entries(facts)
    .slice(0, bounds.MAX_FACTS)
    .map(([key, fact]) => ({ key: plainAscii(key, bounds.MAX_NAME_BYTES), value: factText(fact) })),
});

/**
 * A log over the channel, bounded in rate: lines over it are counted, and the count is the next line that passes.
 * `send` answers whether the line was taken.
 */
export const makeLog = (clock: Clock, send: (line: Message<"logLine">) => boolean): Log => {
  let tokens = LOG_BURST_LINES;
  let filledMs = clock.monotonicMs();
  let dropped = 0;

  const takeToken = (): boolean => {
    const nowMs = clock.monotonicMs();
    tokens = Math.min(LOG_BURST_LINES, tokens + ((nowMs - filledMs) / 1000) * LOG_LINES_PER_SECOND);
    filledMs = nowMs;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };

  const write = (level: 0 | 1 | 2, event: string, facts: Facts): void => {
    if (!takeToken() || !send(lineOf(level, event, facts))) {
      dropped += 1;
      return;
    }
    if (dropped === 0) return;
    if (send(lineOf(1, "log.dropped", { lines: dropped }))) dropped = 0;
  };

  return {
    info: (event, facts = {}) => write(0, event, facts),
    warn: (event, facts = {}) => write(1, event, facts),
    alarm: (event, facts = {}) => write(2, event, facts),
  };
};
