/** One-sided cumulative sum (Page 1954) over excesses in spreads. */
export type CusumRule = {
  /** Excess that is let pass each time (k). */
  readonly drift: number;
  /** Sum above which the series is changed (h). */
  readonly limit: number;
  /** One point counts for so much at most, so that a single outlier decides nothing. */
  readonly most: number;
};

/** The next sum; it is kept within twice the limit, so that it falls again in bounded time. */
export const nextSum = (sum: number, rule: CusumRule, excess: number): number =>
  Math.min(2 * rule.limit, Math.max(0, sum + Math.min(excess, rule.most) - rule.drift));

/** Points until the sum passes the limit when every point counts for `most`. */
export const fewestPoints = ({ drift, limit, most }: CusumRule): number => Math.floor(limit / (most - drift)) + 1;

// Siegmund 1985, eq. 2.56: the sum overshoots a boundary by 0.583 on average, on both sides.
const OVERSHOOT = 1.166;

/** Points between two false alarms on average, for independent normal excesses (Siegmund's approximation). */
export const pointsBetweenFalseAlarms = ({ drift, limit }: CusumRule): number => {
  const reach = 2 * drift * (limit + OVERSHOOT);
  return (Math.exp(reach) - reach - 1) / (2 * drift * drift);
};
