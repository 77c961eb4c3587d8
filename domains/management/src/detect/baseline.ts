/** What is usual for a series: mean and spread, learned so that single outliers move them little. */
export type Baseline = { readonly mean: number; readonly spread: number; readonly count: number };

/** Nothing is known yet. */
export const NO_BASELINE: Baseline = { mean: 0, spread: 0, count: 0 };

/** How a baseline learns. */
export type Learning = {
  /** Points after which half of what was known is forgotten. */
  readonly halfLifePoints: number;
  /** The spread is never thought to be less, in units of the series. */
  readonly leastSpread: number;
};

/** Residuals are cut to so many spreads before they are learned from (Huber's psi). */
export const CUT_SPREADS = 3;
/** Standard deviation of a normal series over its mean absolute deviation. */
const SIGMA_PER_MEAN_DEVIATION = Math.sqrt(Math.PI / 2);

/** How far a value is above what is usual, in spreads; below it, negative. */
export const excess = ({ mean, spread }: Baseline, { leastSpread }: Learning, value: number): number => (value - mean) / Math.max(spread, leastSpread);

/** Learns from one value: exponentially weighted, robust; the first values count fully. */
export const learn = (before: Baseline, learning: Learning, value: number): Baseline => {
  if (before.count === 0) return { mean: value, spread: learning.leastSpread, count: 1 };
  const weight = Math.max(1 - 0.5 ** (1 / learning.halfLifePoints), 1 / (before.count + 1));
  const most = CUT_SPREADS * Math.max(before.spread, learning.leastSpread);
  const residual = Math.max(-most, Math.min(most, value - before.mean));
  return {
    mean: before.mean + weight * residual,
    spread: before.spread + weight * (Math.abs(residual) * SIGMA_PER_MEAN_DEVIATION - before.spread),
    count: before.count + 1,
  };
};
