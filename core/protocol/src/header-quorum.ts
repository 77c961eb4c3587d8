import { equalBytes, failure, type Failure, toHex } from "@crossguardian/kernel";
import { makeWitnessedHeights, type WitnessedHeader } from "./witnessed-heights.ts";

/** What a report led to. */
export type QuorumOutcome = {
  /** Heights that reached k equal reports just now. */
  readonly reached: readonly bigint[];
  /** protocol.witness.contradiction (alarm), protocol.chain.frozen (alarm). */
  readonly alarms: readonly Failure[];
};

/** k-of-n agreement on the headers of one chain (protocol, "Chain proofs", witness rule). */
export type HeaderQuorum = {
  readonly report: (witness: string, headers: readonly WitnessedHeader[]) => QuorumOutcome;
  /** The agreed header at a height, or null. Null for every height once frozen. */
  readonly at: (height: bigint) => WitnessedHeader | null;
  /** Highest height with a quorum. */
  readonly highest: () => bigint | null;
  /** Why the chain is frozen in both directions, or null. */
  readonly frozen: () => Failure | null;
  /** Witnesses that reported so far and the last height of each. */
  readonly witnesses: () => ReadonlyMap<string, bigint>;
};

const sameHeader = (left: WitnessedHeader, right: WitnessedHeader): boolean =>
  equalBytes(left.hash, right.hash) && equalBytes(left.parentHash, right.parentHash);

/** Makes the quorum of one chain; `k` must be more than half of `n`. */
export const makeHeaderQuorum = (chain: string, rule: { readonly n: number; readonly k: number }): HeaderQuorum => {
  if (rule.k * 2 <= rule.n || rule.k > rule.n) throw new RangeError("k must be more than half of n");
  const heights = makeWitnessedHeights();
  const lastOf = new Map<string, bigint>();
  let frozen: Failure | null = null;

  const freeze = (reason: string, height: bigint): Failure => {
    frozen ??= failure("protocol.chain.frozen", { chain, reason, height });
    return frozen;
  };

  const linkBroken = (header: WitnessedHeader): boolean => {
    const below = heights.get(header.height - 1n)?.agreed ?? null;
    const above = heights.get(header.height + 1n)?.agreed ?? null;
    return (
      (below !== null && !equalBytes(header.parentHash, below.hash)) ||
      (above !== null && !equalBytes(above.parentHash, header.hash))
    );
  };

  /** Whether the height is agreed by this word; null when the word is not kept. */
  const take = (witness: string, header: WitnessedHeader, alarms: Failure[]): boolean | null => {
    const height = heights.open(header.height, witness);
    if (height === null) return null;
    let claim = height.claims.find((each) => sameHeader(each.header, header));
    if (claim === undefined) {
      claim = { header: { height: header.height, hash: header.hash.slice(), parentHash: header.parentHash.slice() }, witnesses: new Set() };
      height.claims.push(claim);
    }
    const reported = claim.witnesses.has(witness);
    claim.witnesses.add(witness);
    const spoken = claim;
    // A witness says one thing about a height, its latest: many lies of one can not keep the others' word out.
    height.claims = height.claims.filter((other) => other === spoken || !other.witnesses.delete(witness) || other.witnesses.size > 0);
    if (height.agreed !== null && !sameHeader(height.agreed, header)) {
      if (!reported) {
        alarms.push(failure("protocol.witness.contradiction", { chain, witness, height: header.height, hash: toHex(header.hash) }));
      }
      if (claim.witnesses.size >= rule.k) alarms.push(freeze("two-quorums", header.height));
      return false;
    }
    if (height.agreed !== null || claim.witnesses.size < rule.k) return false;
    for (const other of height.claims) {
      if (other === claim) continue;
      for (const liar of other.witnesses) {
        alarms.push(failure("protocol.witness.contradiction", { chain, witness: liar, height: header.height, hash: toHex(other.header.hash) }));
      }
    }
    if (linkBroken(claim.header)) {
      alarms.push(freeze("parent-link", header.height));
      return false;
    }
    heights.agree(header.height, claim.header);
    return true;
  };

  return {
    report: (witness, headers) => {
      const alarms: Failure[] = [];
      const reached: bigint[] = [];
      for (const header of headers) {
        const taken = take(witness, header, alarms);
        if (taken === null) break; // what follows is asked for again once the others have come this far
        if (taken) reached.push(header.height);
        const last = lastOf.get(witness);
        if (last === undefined || header.height > last) lastOf.set(witness, header.height);
      }
      return { reached, alarms };
    },
    at: (height) => (frozen === null ? (heights.get(height)?.agreed ?? null) : null),
    highest: heights.highest,
    frozen: () => frozen,
    witnesses: () => lastOf,
  };
};
