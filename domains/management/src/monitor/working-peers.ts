/**
 * Whom a domain of a kind works for inside the house: bytes to and from these are its work, which the other side checks. What a plugin
 * or relay domain gets from the network domain is not: nobody has checked it.
 */
const WORKS_FOR: ReadonlyMap<string, readonly string[]> = new Map([
  ["plugin", ["interaction"]],
  ["module", ["interaction"]],
  ["witness", ["interaction"]],
  ["relay", ["interaction"]],
  ["interaction", ["plugin", "module", "witness", "relay"]],
  ["network", ["plugin", "module", "witness", "relay", "validator", "signer"]],
  ["validator", ["network"]],
  ["signer", ["network"]],
]);

/** Whether bytes between the two are work of `kind`. */
export const worksFor = (kind: string, peer: string): boolean => WORKS_FOR.get(kind)?.includes(peer) === true;
