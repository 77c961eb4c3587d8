/**
 * Whom a domain of a kind works for inside the house: bytes to and from these are its work, which the other side checks. What a plugin
 * or relay domain gets from the network domain is not: nobody has checked it.
 */
const WORKS_FOR: ReadonlyMap<string, readonly string[]> = new Map([
  ["plugin", ["interaction"]],
  ["witness", ["interaction"]],
  ["relay", ["interaction"]],
  ["interaction", ["plugin", "witness", "relay"]],
  ["network", ["plugin", "witness", "relay", "validator"]],
  ["validator", ["network"]],
]);

/** Whether bytes between the two are work of `kind`. */
export const worksFor = (kind: string, peer: string): boolean => WORKS_FOR.get(kind)?.includes(peer) === true;

/**
 * Frames per second that a domain may send to one it works for without having been asked, by kind. Plugins answer: each `observed`
 * uses a grant, each `submitted`, `decided` and `privateBody` belongs to one message of the interaction domain. Witnesses and relay domains
 * tell of themselves what is new, a few times a second.
 */
export const UNASKED_ALLOWED_PER_S: ReadonlyMap<string, number> = new Map([["plugin", 100], ["witness", 100], ["relay", 200]]);

/** Answers per question that are taken for granted: grants and windows are given ahead. */
export const ANSWERS_PER_QUESTION = 4;
