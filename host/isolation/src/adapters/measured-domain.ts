import { once } from "node:events";
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type DomainSpec, type Isolation, type IsolationDriver, type RunningDomain } from "../driver.ts";
import { fillCodeCache } from "./fill-code-cache.ts";
import { reap } from "./reap.ts";
import { socketPairIn } from "./socket-pair.ts";

const MIB_BYTES = 1024 * 1024;
const UID_BASE = 0x6f00_0000;
const FIRST_WORD_DEADLINE_MS = 180_000;

/** Longest wait in milliseconds for an answer of a domain that is measured. */
export const ANSWER_DEADLINE_MS = 60_000;

/** The domain of `image/measured.ts`, and how one speaks with it. */
export type MeasuredDomain = {
  readonly driver: IsolationDriver;
  readonly domain: RunningDomain;
  /** From the call of the driver to the first frame. */
  readonly startMs: number;
  readonly say: (bytes: string | Uint8Array) => void;
  /** The next line it says. @throws a timeout of the platform */
  readonly next: () => Promise<string>;
};

/** Looks at a domain that has said its first word. */
export type Measure<T> = (measured: MeasuredDomain) => Promise<T>;

/** Makes the driver of a run directory. */
export type MakeDriver = (runDir: string) => IsolationDriver;

/** Drivers whose domains find their compiled code. */
const USES_CODE: ReadonlySet<Isolation> = new Set(["oci", "gvisor"]);

const specOf = (instance: string, nodePath: string): DomainSpec => ({
  name: "measured", instance, image: join(import.meta.dirname, "..", "..", "image"), nodePath, entry: "measured.ts", argv: [], env: {}, volume: null, keySlot: null,
  limits: { memoryBytes: 160 * MIB_BYTES, cpuQuotaPercent: null, pids: 32, tmpfsBytes: MIB_BYTES, tmpfsInodes: 64 },
  network: "none", uidBase: UID_BASE,
});

const nextOf = (socket: Socket): ((deadlineMs: number) => Promise<string>) => {
  const lines = createInterface({ input: socket });
  socket.on("error", () => undefined);
  return async (deadlineMs) => {
    const [line] = (await once(lines, "line", { signal: AbortSignal.timeout(deadlineMs) })) as [string];
    return line;
  };
};

const inRunning = async <T>(driver: IsolationDriver, spec: DomainSpec, folder: string, measure: Measure<T>, isLast: boolean): Promise<T> => {
  const logFd = openSync(join(folder, "log"), "a");
  const { ours, theirs, fd } = await socketPairIn(folder);
  try {
    const start = performance.now();
    const prepared = await driver.prepare(spec);
    const domain = await driver.start(prepared, { fd }, { logFd }).finally(() => theirs.destroy());
    const socket = domain.end?.socket ?? ours;
    const next = nextOf(socket);
    await next(FIRST_WORD_DEADLINE_MS);
    const startMs = Math.round(performance.now() - start);
    const result = await measure({ driver, domain, startMs, say: (bytes) => socket.write(bytes), next: async () => next(ANSWER_DEADLINE_MS) });
    if (!isLast) await driver.keep?.(domain); // so that the next start goes on from it
    domain.end?.close();
    return result;
  } finally {
    ours.destroy();
    await driver.kill(spec);
    closeSync(logFd);
  }
};

/**
 * Runs one domain of a driver once for each measure, one after the other, and leaves nothing of it.
 * @throws isolation.* and a timeout of the platform where the domain does not answer
 */
export const withMeasuredDomain = async <T>(makeDriver: MakeDriver, nodePath: string, ...measures: readonly Measure<T>[]): Promise<readonly T[]> => {
  const folder = mkdtempSync(join(tmpdir(), "cg-costs-"));
  chmodSync(folder, 0o711);
  const instance = `costs-${String(process.pid)}`;
  const runDir = join(folder, "run");
  mkdirSync(runDir, { mode: 0o711 });
  try {
    const driver = makeDriver(runDir);
    const bare = specOf(instance, nodePath);
    const hostPath = join(folder, "code");
    // As the launcher does it for the drivers of containers.
    const isFilled = USES_CODE.has(driver.name) && (await fillCodeCache(driver, bare, { hostPath, scratch: folder }));
    const spec: DomainSpec = isFilled ? { ...bare, codeCache: { hostPath, mode: "use" } } : bare;
    const results: T[] = [];
    for (const [at, measure] of measures.entries()) results.push(await inRunning(driver, spec, folder, measure, at === measures.length - 1));
    return results;
  } finally {
    await reap(instance, runDir);
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The middle of some values; 0 of none. */
export const median = (values: readonly number[]): number => [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
