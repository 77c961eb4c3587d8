import { type MakeDriver, type Measure, type MeasuredDomain, median, withMeasuredDomain } from "./measured-domain.ts";

const ROUND_TRIPS_COUNT = 200;
const FRAMES_COUNT = 4_000;
const FRAME_BYTES = 500;

/** What a domain of a driver costs on this machine now, while it may be busy. */
export type IsolationCosts = {
  /** From the call of the driver to the first frame; the middle of three first starts, each in a place of its own. */
  readonly startMs: number;
  /** The same of three later starts in one place: of a machine, from the state that the first one has kept. */
  readonly againMs: number;
  /** Of the domain with all that its driver adds, after the first frame; without contents of files that the kernel keeps while there is room. */
  readonly memoryBytes: number;
  readonly roundTripUs: number;
  /** Frames of 500 bytes into the domain. */
  readonly framesPerSecond: number;
  readonly sha256PerSecond: number;
  readonly verifyPerSecond: number;
};

const roundTripUs = async ({ say, next }: MeasuredDomain): Promise<number> => {
  const times: number[] = [];
  for (let trip = 0; trip < ROUND_TRIPS_COUNT; trip += 1) {
    const answer = next();
    const start = performance.now();
    say("ping\n");
    await answer;
    times.push((performance.now() - start) * 1_000);
  }
  return Math.round(median(times));
};

const framesPerSecond = async ({ say, next }: MeasuredDomain): Promise<number> => {
  const frame = `${"frame".padEnd(FRAME_BYTES - 1, ".")}\n`;
  const answer = next();
  const start = performance.now();
  say(frame.repeat(FRAMES_COUNT));
  say("all\n");
  await answer;
  return Math.round((FRAMES_COUNT * 1_000) / (performance.now() - start));
};

const startOf: Measure<number> = async ({ startMs }) => Promise.resolve(startMs);

const measureOne = async (measured: MeasuredDomain): Promise<Omit<IsolationCosts, "againMs">> => {
  const { driver, domain, startMs, say, next } = measured;
  const { memoryBytes, fileCacheBytes } = await driver.stats(domain);
  const trip = await roundTripUs(measured);
  const frames = await framesPerSecond(measured);
  const answer = next();
  say("crypto\n");
  const crypto = JSON.parse(await answer) as Readonly<Record<"sha256" | "verify", number>>; // written by measured.ts
  return { startMs, memoryBytes: memoryBytes - fileCacheBytes, roundTripUs: trip, framesPerSecond: frames, sha256PerSecond: crypto.sha256, verifyPerSecond: crypto.verify };
};

/**
 * Runs one domain of a driver several times and measures it; nothing is left of it.
 * @param makeDriver makes the driver for a run directory
 * @throws isolation.* and a timeout of the platform where the domain does not answer
 */
export const measureCosts = async (makeDriver: MakeDriver, nodePath: string): Promise<IsolationCosts> => {
  const again: number[] = [];
  const startAgain: Measure<null> = async ({ startMs }) => {
    again.push(startMs);
    return Promise.resolve(null);
  };
  const [costs] = await withMeasuredDomain<Omit<IsolationCosts, "againMs"> | null>(makeDriver, nodePath, measureOne, startAgain, startAgain, startAgain);
  if (costs === undefined || costs === null) throw new TypeError("a domain was not measured");
  const others = [await withMeasuredDomain(makeDriver, nodePath, startOf), await withMeasuredDomain(makeDriver, nodePath, startOf)].flat();
  return { ...costs, startMs: median([costs.startMs, ...others]), againMs: median(again) };
};
