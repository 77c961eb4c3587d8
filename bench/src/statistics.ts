/** Median of some numbers; NaN for none. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
};

/** A ratio with its 95 % interval. */
export type Ratio = { readonly median: number; readonly low: number; readonly high: number };

const RESAMPLES = 2_000;

/** Small deterministic generator, so that the interval of the same numbers is the same. */
const makeDice = (): (() => number) => {
  let state = 0x2545f491;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
};

/** Median of paired ratios with a bootstrap 95 % interval. */
export const pairedRatio = (pairs: readonly (readonly [number, number])[]): Ratio => {
  const ratios = pairs.filter(([, base]) => base > 0).map(([value, base]) => value / base);
  const dice = makeDice();
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(ratios.map(() => ratios[Math.floor(dice() * ratios.length)] ?? NaN)),
  ).sort((left, right) => left - right);
  return {
    median: median(ratios),
    low: medians[Math.floor(RESAMPLES * 0.025)] ?? NaN,
    high: medians[Math.floor(RESAMPLES * 0.975)] ?? NaN,
  };
};

/** DESIGN rule: the median meets the bar, or the interval contains it and the median is within 4 % of it. */
export const meetsBar = (ratio: Ratio, bar: number): boolean =>
  ratio.median >= bar || (ratio.low <= bar && bar <= ratio.high && ratio.median >= bar * 0.96);
