/** Rankings of pairs that are kept; they are made again from their names when there are more. */
export const MAX_RANKED_PAIRS = 4_096;
const SCORE_BYTES = 4;

/** Who has each service pair, among domains that do the same work. */
export type PairOwners = {
  /** One domain of those that are there, the same for everybody who asks meanwhile; the first of the pair's ranking while nobody is. */
  readonly ownerOf: (pair: string) => string;
  /** A domain comes or goes; false: it was so already. */
  readonly set: (domain: string, isThere: boolean) => boolean;
  readonly isThere: (domain: string) => boolean;
  readonly count: () => number;
  /** Rises with each domain that comes or goes: what belonged to whom before is over. */
  readonly epoch: () => number;
};

/**
 * Rendezvous hashing: each pair ranks the domains by a hash of both names and belongs to the first that is there. When one goes its pairs alone change hands,
 * spread over the others; when it comes back the same pairs return.
 */
export const makePairOwners = (hash: (bytes: Uint8Array) => Uint8Array, domains: readonly [string, ...string[]]): PairOwners => {
  const there = new Set<string>();
  const rankings = new Map<string, readonly string[]>();
  const utf8 = new TextEncoder();
  let epoch = 0;

  const scoreOf = (domain: string, pair: string): number =>
    hash(utf8.encode(`${domain} ${pair}`)).subarray(0, SCORE_BYTES).reduce((sum, byte) => sum * 256 + byte, 0);
  const rankingOf = (pair: string): readonly string[] => {
    const known = rankings.get(pair);
    if (known !== undefined) return known;
    if (rankings.size >= MAX_RANKED_PAIRS) rankings.clear();
    const ranking = domains.map((domain) => ({ domain, score: scoreOf(domain, pair) })).sort((left, right) => right.score - left.score).map(({ domain }) => domain);
    rankings.set(pair, ranking);
    return ranking;
  };

  return {
    ownerOf: (pair) => {
      if (domains.length === 1) return domains[0];
      const ranking = rankingOf(pair);
      return ranking.find((domain) => there.has(domain)) ?? ranking[0] ?? domains[0];
    },
    set: (domain, isThere) => {
      if (there.has(domain) === isThere) return false;
      if (isThere) there.add(domain);
      else there.delete(domain);
      epoch += 1;
      return true;
    },
    isThere: (domain) => there.has(domain),
    count: () => there.size,
    epoch: () => epoch,
  };
};
