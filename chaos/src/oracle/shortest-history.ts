import { type RunLog } from "../run-log.ts";
import { type SeenEvent } from "../watch/seen-event.ts";
import { type Complaint } from "./judge-history.ts";

/** What is known of one transfer beside its events on the chains. */
export type Known = { readonly eventsOf: (key: string) => readonly SeenEvent[]; readonly nameOf: (key: string) => string };

const MAX_LINES = 80;
/** Before its request and after its last event nothing concerns a transfer, but for what was still in force, in ms. */
const AROUND_MS = 3_000;

/**
 * The shortest history that shows a violation: of the transfer whose life was shortest, everything that was done to the world while it was
 * open, and its own events, in time order. For a violation that is about no transfer, the end of the run's log.
 */
export const shortestHistory = (complaints: readonly Complaint[], log: RunLog, known: Known): readonly string[] => {
  const lives = [...new Set(complaints.filter(({ key }) => key !== "").map(({ key }) => key))].map((key) => {
    const events = known.eventsOf(key);
    const from = events[0]?.atMs ?? 0;
    return { key, events, from: from - AROUND_MS, to: (events.at(-1)?.atMs ?? from) + AROUND_MS };
  });
  const [life] = lives.toSorted((left, right) => left.to - left.from - (right.to - right.from));
  if (life === undefined) return log.all().slice(-MAX_LINES).map(({ atMs, what }) => `${log.shown(atMs)} ${what}`);
  const name = known.nameOf(life.key);
  const own = life.events.map(({ atMs, name: event, chain, block, status }) => ({ atMs, what: `${name}: ${event}${event === "Request" ? "" : ` with ${status}`} in block ${block} of ${chain}` }));
  const done = log.all().filter(({ atMs }) => atMs >= life.from && atMs <= life.to);
  const lines = [...own, ...done].sort((left, right) => left.atMs - right.atMs).map(({ atMs, what }) => `${log.shown(atMs)} ${what}`);
  return [...lines.slice(-MAX_LINES), ...complaints.filter(({ key }) => key === life.key).map(({ kind, says }) => `${kind}: ${name} ${says}`)];
};
