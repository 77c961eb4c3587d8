import { randomBytes } from "node:crypto";
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BENCH_TOPOLOGY, buildWorld, type House, sweepAfter, type StandbyKind, type Topology, type WishedStore, type World } from "@crossguardian/world";

/** Why whole-gateway tests can not run here, or false. */
export const missingPart = process.getuid?.() === 0 ? false : "isolation needs root";

/** How a test's world differs from two chains with short block times in jails. */
export type TestWorld = {
  readonly topology?: Topology;
  /** Kinds of domains with a standby; none unless a test is about them: it looks at the one domain that it hits. */
  readonly standby?: readonly StandbyKind[];
  readonly blockTimeMs?: number | null;
  readonly depth?: number;
  readonly retryMs?: number;
  /** `report` for tests of the barriers alone, which have a domain break rules again and again. */
  readonly detection?: "act" | "report";
  /** Root keys wrapped by a token; in files where it is left out. */
  readonly keyStore?: WishedStore;
  /** From another tree than this one: its `buildWorld`, and a folder for images of its own. */
  readonly tree?: { readonly buildWorld: typeof buildWorld };
};

const LAST_CHARS = 600;

/** The ends of what launchers and domains wrote outside of their logs. */
const lastWords = (root: string): string =>
  globSync(["data/*/*/launcher.log", "data/*/*/output/*.log"], { cwd: root })
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8").trim() }))
    .filter(({ text }) => text !== "")
    .map(({ path, text }) => `${path}: ${text.slice(-LAST_CHARS)}`)
    .join("\n");

/** Starts a world of its own for one test file; `end` leaves nothing behind, whatever happened. */
export const startTestWorld = async (wanted: TestWorld = {}): Promise<{ readonly world: World; readonly end: () => Promise<void> }> => {
  const root = mkdtempSync(join(tmpdir(), "crossguardian-e2e-"));
  chmodSync(root, 0o711);
  const instance = `t-${randomBytes(3).toString("hex")}`;
  const nothingToSweep = sweepAfter(join(root, "run", instance), [root]);
  const clean = (): void => {
    rmSync(root, { recursive: true, force: true });
    nothingToSweep();
  };
  try {
    const build = wanted.tree?.buildWorld ?? buildWorld;
    const world = await build({
      instance,
      topology: wanted.topology ?? { ...BENCH_TOPOLOGY, standby: wanted.standby ?? [] },
      dev: { kind: "anvil", blockTimeMs: wanted.blockTimeMs === undefined ? 200 : wanted.blockTimeMs, depth: wanted.depth ?? 1 },
      driver: "oci",
      runRoot: join(root, "run"),
      dataRoot: join(root, "data"),
      stateDir: wanted.tree === undefined ? (process.env["CROSSGUARDIAN_STATE"] ?? "/var/lib/crossguardian") : join(root, "state"),
      lifeline: true,
      users: 3,
      ...(wanted.keyStore === undefined ? {} : { keyStore: wanted.keyStore }),
      tuning: { retryMs: wanted.retryMs ?? 1_500, ...(wanted.detection === undefined ? {} : { detection: wanted.detection }) },
    });
    return {
      world,
      end: async () => {
        await world.stop();
        clean();
      },
    };
  } catch (error) {
    console.error(lastWords(root)); // the only trace of why: the folder goes
    clean();
    throw error;
  }
};

/** Waits until `done` says so. @throws when the deadline passes first, naming what was waited for */
export const until = async (what: string, deadlineMs: number, done: () => Promise<boolean>): Promise<void> => {
  const end = performance.now() + deadlineMs;
  while (!(await done())) {
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

const isRefusal = (answer: unknown): boolean => typeof answer === "object" && answer !== null && ("code" in answer || "failure" in answer);

/** Asks a domain of a house that may still be starting. @throws the last refusal after the deadline */
export const askWhenUp = async (house: House, domain: string, command: string, argument = "", deadlineMs = 30_000): Promise<unknown> => {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const answer = await house.ask(domain, command, argument).catch((error: unknown) => ({ code: String(error) }));
    if (!isRefusal(answer)) return answer;
    if (performance.now() > end) throw new Error(`${domain} of ${house.name} did not answer ${command}: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};
