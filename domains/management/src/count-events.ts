/** How often an event of a port was reported, over all instances of its domain: the sum, and what the present port said last. */
export type EventCount = { readonly sum: bigint; readonly last: bigint };
/** Events of a domain's ports by name. */
export type EventCounts = Map<string, EventCount>;

/** Kinds of events counted per domain, at most. */
const MAX_EVENT_NAMES_COUNT = 64;

/** The switch reports how often it happened since the port came; what the port said before is in the sum already. */
export const countEvent = (counts: EventCounts, event: string, total: bigint): void => {
  if (counts.size >= MAX_EVENT_NAMES_COUNT && !counts.has(event)) return;
  const { sum, last } = counts.get(event) ?? { sum: 0n, last: 0n };
  counts.set(event, { sum: sum + (total >= last ? total - last : total), last: total });
};

/** Another port came for the domain: it counts from 0. */
export const beginCounts = (counts: EventCounts): void => {
  for (const [event, { sum }] of counts) counts.set(event, { sum, last: 0n });
};

/** The sums. */
export const eventSums = (counts: EventCounts): Readonly<Record<string, bigint>> => Object.fromEntries([...counts].map(([event, { sum }]) => [event, sum]));
