import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { CodedError } from "@crossguardian/kernel";
import { type HouseSpec } from "@crossguardian/launch";

/** A domain as its launcher reports it. */
export type ReportedDomain = {
  readonly name: string;
  readonly kind: string;
  readonly pid: number | null;
  readonly driver: string;
  readonly state: string;
  readonly restarts: number;
  readonly chain?: string | null;
  /** Domain in whose place it is put when that one fails. */
  readonly standbyOf?: string | null;
  /** Traffic of its role goes to it. */
  readonly active?: boolean;
  /** Steps of the response ladder that are in force against it. */
  readonly held?: readonly string[];
  readonly startedAtMs?: number | null;
  /** Ends within the last minute. */
  readonly recentEnds?: number;
  /** Wall time of the next start while it waits for one. */
  readonly startsAtMs?: number | null;
  /** Whether management has let it onto the switch. */
  readonly admitted?: boolean;
  readonly selfTest?: string;
  readonly facts: {
    readonly seccomp: number;
    readonly noNewPrivs: number;
    readonly capEff: string;
    readonly netDevices: readonly string[];
    readonly memoryUsageBytes: number | null;
    readonly memoryLimitBytes: number | null;
  } | null;
};

/** A started house and its control socket. */
export type House = {
  readonly name: string;
  readonly pid: number;
  readonly spec: HouseSpec;
  /** The domains as the launcher reads them from the kernel. @throws cli.house.silent, cli.house.refused */
  readonly domains: () => Promise<readonly ReportedDomain[]>;
  /** A question to a domain, through the management domain. @throws cli.house.silent, cli.house.refused */
  readonly ask: (domain: string, command: string, argument: string) => Promise<unknown>;
  /** Ends a domain's process; the launcher starts it again. */
  readonly kill: (domain: string) => Promise<void>;
  /** Ends the house and waits until nothing of it is left. */
  readonly stop: () => Promise<void>;
};

const LAUNCHER = fileURLToPath(new URL("../../host/launch/src/main.ts", import.meta.url));
const ANSWER_DEADLINE_MS = 15_000;
// Longer than the longest admission of a launcher: machines may boot on an emulated processor.
const START_DEADLINE_MS = 360_000;
const STOP_DEADLINE_MS = 20_000;

const wait = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks a launcher over its control socket: one JSON line there, one back. */
export const askHouse = async <T>(runDir: string, question: Readonly<Record<string, unknown>>): Promise<T> => {
  const socket = connect(join(runDir, "control.sock"));
  try {
    return await new Promise<T>((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new CodedError("cli.house.silent", { runDir, waitedMs: ANSWER_DEADLINE_MS }));
      }, ANSWER_DEADLINE_MS);
      socket.once("error", (error) => {
        clearTimeout(late);
        reject(new CodedError("cli.house.silent", { runDir, why: error.message }));
      });
      createInterface({ input: socket, crlfDelay: Infinity }).on("error", () => undefined).once("line", (line) => {
        clearTimeout(late);
        const answer = JSON.parse(line) as { ok: boolean; code?: string; message?: string };
        if (answer.ok) resolve(answer as T);
        else reject(new CodedError("cli.house.refused", { code: answer.code ?? "", says: answer.message ?? "" }));
      });
      socket.write(`${JSON.stringify(question)}\n`);
    });
  } finally {
    socket.destroy();
  }
};

const talk = (spec: HouseSpec): Pick<House, "name" | "spec" | "domains" | "ask" | "kill"> => ({
  name: spec.house,
  spec,
  domains: async () =>
    (await askHouse<{ readonly domains: readonly ReportedDomain[] }>(spec.runDir, { cmd: "domains" })).domains,
  ask: async (domain, command, argument) =>
    JSON.parse((await askHouse<{ readonly answer: string }>(spec.runDir, { cmd: "ask", domain, command, argument })).answer) as unknown,
  kill: async (domain) => {
    await askHouse(spec.runDir, { cmd: "kill", name: domain });
  },
});

const joined = (spec: HouseSpec, pid: number): House => ({
  ...talk(spec),
  pid,
  stop: async () => {
    await askHouse(spec.runDir, { cmd: "stop" }).catch(() => undefined);
    const until = performance.now() + STOP_DEADLINE_MS;
    while (existsSync(`/proc/${pid}`) && performance.now() < until) await wait(50);
    if (existsSync(`/proc/${pid}`)) process.kill(pid, "SIGKILL");
  },
});

/** Starts a house's launcher, or joins it when it runs already, and waits until every domain is admitted. @throws cli.house.failed with the launcher's last words */
export const startHouse = async (spec: HouseSpec): Promise<House> => {
  const running = await askHouse<{ readonly launcher: number }>(spec.runDir, { cmd: "domains" }).catch(() => null);
  if (running !== null) return joined(spec, running.launcher);
  mkdirSync(spec.runDir, { recursive: true, mode: 0o711 });
  mkdirSync(spec.dataDir, { recursive: true, mode: 0o711 });
  const specPath = join(spec.dataDir, "house.json");
  writeFileSync(specPath, JSON.stringify(spec, null, 1), { mode: 0o600 });
  const logPath = join(spec.dataDir, "launcher.log");
  const log = openSync(logPath, "a", 0o600);
  const child: ChildProcess = spawn(process.execPath, [LAUNCHER, specPath], {
    stdio: [spec.lifeline ? "pipe" : "ignore", log, log],
    detached: true,
  });
  closeSync(log);
  child.unref();
  const exited = new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? -1)));
  const until = performance.now() + START_DEADLINE_MS;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      const words = existsSync(logPath) ? readFileSync(logPath, "utf8").trim().split("\n").slice(-3).join(" | ") : "";
      throw new CodedError("cli.house.failed", { house: spec.house, says: words.slice(-800) });
    }
    const answer = await askHouse<{ readonly domains: readonly ReportedDomain[] }>(spec.runDir, { cmd: "domains" }).catch(() => null);
    const waiting = answer?.domains.filter((domain) => domain.admitted === false && domain.kind !== "switch" && (domain.standbyOf ?? null) === null) ?? [];
    if (answer !== null && waiting.length === 0) break;
    if (performance.now() > until) {
      child.kill("SIGTERM");
      throw new CodedError("cli.house.silent", { house: spec.house, waitedMs: START_DEADLINE_MS, absent: waiting.map(({ name }) => name).join(" ") });
    }
    await wait(50);
  }
  const { pid } = child;
  return {
    ...talk(spec),
    pid,
    stop: async () => {
      await askHouse(spec.runDir, { cmd: "stop" }).catch(() => child.kill("SIGTERM"));
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
      await exited;
      clearTimeout(late);
    },
  };
};
