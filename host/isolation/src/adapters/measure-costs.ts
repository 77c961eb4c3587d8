import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, chmodSync } from "node:fs";
import { type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type DomainSpec, type IsolationDriver } from "../driver.ts";
import { reap } from "./reap.ts";
import { socketPairIn } from "./socket-pair.ts";

const MIB_BYTES = 1024 * 1024;
const ROUND_TRIPS_COUNT = 200;
const FRAMES_COUNT = 4_000;
const FRAME_BYTES = 500;
const UID_BASE = 0x6f00_0000;
const FIRST_WORD_DEADLINE_MS = 180_000;
const ANSWER_DEADLINE_MS = 60_000;

/** What a domain of a driver costs on this machine now, while it may be busy. */
export type IsolationCosts = {
  /** From the call of the driver to the first frame. */
  readonly startMs: number;
  /** Of the domain with all that its driver adds, after the first frame. */
  readonly memoryBytes: number;
  readonly roundTripUs: number;
  /** Frames of 500 bytes into the domain. */
  readonly framesPerSecond: number;
  readonly sha256PerSecond: number;
  readonly verifyPerSecond: number;
};

const specOf = (instance: string, image: string, nodePath: string): DomainSpec => ({
  name: "measured", instance, image, nodePath, entry: "measured.ts", argv: [], env: {}, volume: null, keySlot: null,
  limits: { memoryBytes: 160 * MIB_BYTES, cpuQuotaPercent: null, pids: 32, tmpfsBytes: MIB_BYTES, tmpfsInodes: 64 },
  network: "none", uidBase: UID_BASE,
});

type Lines = { readonly next: (deadlineMs: number) => Promise<string>; readonly say: (text: string) => void };

const linesOf = (socket: Socket): Lines => {
  const lines = createInterface({ input: socket });
  socket.on("error", () => undefined);
  return {
    say: (text) => socket.write(text),
    next: async (deadlineMs) => {
      const [line] = (await once(lines, "line", { signal: AbortSignal.timeout(deadlineMs) })) as [string];
      return line;
    },
  };
};

const median = (values: readonly number[]): number => [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;

const roundTripUs = async ({ say, next }: Lines): Promise<number> => {
  const times: number[] = [];
  for (let trip = 0; trip < ROUND_TRIPS_COUNT; trip += 1) {
    const answer = next(ANSWER_DEADLINE_MS);
    const start = performance.now();
    say("ping\n");
    await answer;
    times.push((performance.now() - start) * 1_000);
  }
  return Math.round(median(times));
};

const framesPerSecond = async ({ say, next }: Lines): Promise<number> => {
  const frame = `${"frame".padEnd(FRAME_BYTES - 1, ".")}\n`;
  const answer = next(ANSWER_DEADLINE_MS);
  const start = performance.now();
  say(frame.repeat(FRAMES_COUNT));
  say("all\n");
  await answer;
  return Math.round((FRAMES_COUNT * 1_000) / (performance.now() - start));
};

const measureRunning = async (driver: IsolationDriver, spec: DomainSpec, folder: string): Promise<IsolationCosts> => {
  const logFd = openSync(join(folder, "log"), "a");
  const { ours, theirs, fd } = await socketPairIn(folder);
  try {
    const start = performance.now();
    const prepared = await driver.prepare(spec);
    const domain = await driver.start(prepared, { fd }, { logFd }).finally(() => theirs.destroy());
    const lines = linesOf(domain.end?.socket ?? ours);
    await lines.next(FIRST_WORD_DEADLINE_MS);
    const startMs = Math.round(performance.now() - start);
    const { memoryBytes } = await driver.stats(domain);
    const trip = await roundTripUs(lines);
    const frames = await framesPerSecond(lines);
    const answer = lines.next(ANSWER_DEADLINE_MS);
    lines.say("crypto\n");
    const crypto = JSON.parse(await answer) as Readonly<Record<"sha256" | "verify", number>>; // written by measured.ts
    domain.end?.close();
    return { startMs, memoryBytes, roundTripUs: trip, framesPerSecond: frames, sha256PerSecond: crypto.sha256, verifyPerSecond: crypto.verify };
  } finally {
    ours.destroy();
    await driver.kill(spec);
    closeSync(logFd);
  }
};

/**
 * Runs one domain of a driver and measures it; nothing is left of it.
 * @param makeDriver makes the driver for a run directory
 * @throws isolation.* and a timeout of the platform where the domain does not answer
 */
export const measureCosts = async (makeDriver: (runDir: string) => IsolationDriver, nodePath: string): Promise<IsolationCosts> => {
  const folder = mkdtempSync(join(tmpdir(), "cg-costs-"));
  chmodSync(folder, 0o711);
  const instance = `costs-${String(process.pid)}`;
  const runDir = join(folder, "run");
  mkdirSync(runDir, { mode: 0o711 });
  try {
    return await measureRunning(makeDriver(runDir), specOf(instance, join(import.meta.dirname, "..", "..", "image"), nodePath), folder);
  } finally {
    await reap(instance, runDir);
    rmSync(folder, { recursive: true, force: true });
  }
};
