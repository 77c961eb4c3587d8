import { type MakeDriver, type MeasuredDomain, median, withMeasuredDomain } from "./measured-domain.ts";

/** Bytes of the transfers that are measured: the first and the last calibrate the model, those between are predicted. */
export const IO_BYTES = [1, 4_096, 16_384, 65_536, 131_072] as const;
/** Fresh pages that are touched: the first calibrate the model. */
export const TOUCHED_PAGES = [2_048, 4_096, 8_192, 16_384] as const;
const REPEATS = 11;

/** What was measured of a domain for the cost model of the paper's section III-B. */
export type OverheadSamples = {
  /** The cheapest call of the domain's kernel. */
  readonly callUs: number;
  /** Until so many bytes were handed to the domain and it has said so; medians. */
  readonly transfers: readonly { readonly bytes: number; readonly us: number }[];
  /** Until the domain had so many fresh pages mapped and written to; medians. */
  readonly pages: readonly { readonly pages: number; readonly us: number }[];
};

/** Medians of what is measured of each, in turns, so that what else the machine does falls on all of them. */
const inTurns = async (each: readonly number[], measure: (value: number) => Promise<number>): Promise<readonly number[]> => {
  const times = each.map((): number[] => []);
  for (let turn = 0; turn <= REPEATS; turn += 1) {
    for (const [at, value] of each.entries()) {
      const time = await measure(value);
      if (turn > 0) times[at]?.push(time); // the first turn meets cold code
    }
  }
  return times.map(median);
};

const transferUs = async ({ say, next }: MeasuredDomain, bytes: number): Promise<number> => {
  const body = Buffer.concat([Buffer.from(`take ${String(bytes)}\n`), Buffer.alloc(bytes, "x")]);
  const answer = next();
  const start = performance.now();
  say(body);
  await answer;
  return (performance.now() - start) * 1_000;
};

const told = async ({ say, next }: MeasuredDomain, order: string): Promise<number> => {
  const answer = next();
  say(`${order}\n`);
  return Number(await answer);
};

/**
 * Measures what the model's parameters are made of, and what it has to predict, in one domain of a driver.
 * @throws isolation.* and a timeout of the platform where the domain does not answer
 */
export const measureOverhead = async (makeDriver: MakeDriver, nodePath: string): Promise<OverheadSamples> => {
  const [samples] = await withMeasuredDomain(makeDriver, nodePath, async (measured): Promise<OverheadSamples> => {
    const [callNs = 0] = await inTurns([0], async () => told(measured, "call"));
    const transfers = await inTurns(IO_BYTES, async (bytes) => transferUs(measured, bytes));
    const pages = await inTurns(TOUCHED_PAGES, async (count) => told(measured, `touch ${String(count)}`));
    return {
      callUs: callNs / 1_000,
      transfers: IO_BYTES.map((bytes, at) => ({ bytes, us: transfers[at] ?? 0 })),
      pages: TOUCHED_PAGES.map((count, at) => ({ pages: count, us: pages[at] ?? 0 })),
    };
  });
  if (samples === undefined) throw new Error("a measure without a result");
  return samples;
};
