import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { runTestFiles, type Tally } from "./run-test-files.ts";

const ROOT = join(import.meta.dirname, "..");
const ROOMS = [
  ...["core", "host", "domains", "plugins", "relay-chain", "contracts"],
  ...["devnet", "fabric-devnet", "world", "cli", "attack", "bench", "chaos", "e2e", "tools"],
];
const UNIT_FILES = [
  ...["core/*/test/**/*.test.ts", "host/*/test/**/*.test.ts", "domains/*/test/**/*.test.ts"],
  ...["plugins/*/test/**/*.test.ts", "relay-chain/test/**/*.test.ts", "contracts/*/test/**/*.test.ts"],
  ...["devnet/test/**/*.test.ts", "fabric-devnet/test/**/*.test.ts", "world/test/**/*.test.ts", "cli/test/**/*.test.ts", "bench/test/**/*.test.ts", "chaos/test/**/*.test.ts", "attack/test/**/*.test.ts"],
  "tools/test/**/*.test.ts",
];
const UNIT_CONCURRENCY = 2;
const UNIT_TEST_TIMEOUT_MS = 180_000;
const E2E_TEST_TIMEOUT_MS = 600_000;
const NIGHTLY_TEST_TIMEOUT_MS = 4 * 3_600_000;
const MS_PER_SECOND = 1_000;

/** Stages that only --nightly runs. */
const NIGHTLY_STAGES: readonly string[] = ["model", "nightly", "xen"];

type Stage = { readonly name: string; readonly run: () => Promise<Tally> };

const passed: Tally = { passed: 1, failed: 0, skipped: 0 };
const failed: Tally = { passed: 0, failed: 1, skipped: 0 };

const ended = async (child: ChildProcess): Promise<number | null> => {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject).once("close", resolve);
  return promise;
};

/** Searches the protocol model; skipped where spin or a C compiler is missing and may not be installed. */
const model = async (): Promise<Tally> => {
  const options = { cwd: ROOT, stdio: "inherit" } as const;
  if ((await ended(spawn(join(ROOT, "tools/setup.sh"), ["model"], options))) !== 0) {
    console.log("skipped: the model (the set-up says above what is missing)");
    return { passed: 0, failed: 0, skipped: 1 };
  }
  return (await ended(spawn(process.execPath, [join(ROOT, "tools/model.ts")], options))) === 0 ? passed : failed;
};

/** Runs a tool; its output is shown only when it fails, or when `accept` does not like it. */
const tool = async (
  name: string,
  args: readonly string[],
  accept: (output: string) => boolean = () => true,
): Promise<Tally> => {
  const child = spawn(join(ROOT, "node_modules/.bin", name), args, { cwd: ROOT });
  const parts: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => parts.push(part));
  const code = await ended(child);
  const output = Buffer.concat(parts).toString("utf8");
  if (code === 0 && accept(output)) return passed;
  process.stdout.write(output);
  return failed;
};

const files = (patterns: readonly string[]): string[] =>
  patterns
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT, exclude: (path) => path.includes("node_modules") }))
    .sort()
    .map((path) => join(ROOT, path));

const rooms = ROOMS.filter((room) => existsSync(join(ROOT, room)));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string" }, nightly: { type: "boolean", default: false } },
});

const stages: readonly Stage[] = [
  { name: "types", run: async () => tool("tsc", ["-p", ".", "--noEmit"]) },
  { name: "lint", run: async () => tool("eslint", ["."]) },
  {
    name: "dependencies",
    // A cruise that read nothing finds nothing: that is a failure too.
    run: async () =>
      tool("depcruise", ["--config", ".dependency-cruiser.mjs", ...rooms], (said) => !said.includes("(0 modules")),
  },
  {
    name: "unit",
    run: async () =>
      runTestFiles(positionals.length > 0 ? files(positionals) : files(UNIT_FILES), {
        concurrency: UNIT_CONCURRENCY,
        timeoutMs: UNIT_TEST_TIMEOUT_MS,
      }),
  },
  {
    name: "e2e",
    run: async () =>
      runTestFiles(files(["e2e/test/**/*.test.ts"]), { concurrency: 1, timeoutMs: E2E_TEST_TIMEOUT_MS }),
  },
  { name: "model", run: model },
  {
    name: "nightly",
    run: async () =>
      runTestFiles(files(["e2e/nightly/**/*.test.ts"]), { concurrency: 1, timeoutMs: NIGHTLY_TEST_TIMEOUT_MS }),
  },
  {
    name: "xen",
    run: async () =>
      runTestFiles(files(["e2e/xen/**/*.test.ts"]), { concurrency: 1, timeoutMs: NIGHTLY_TEST_TIMEOUT_MS }),
  },
];

const wanted = values.only?.split(",") ?? stages.map(({ name }) => name).filter((name) => !NIGHTLY_STAGES.includes(name) || values.nightly);
const unknown = wanted.filter((name) => stages.every((stage) => stage.name !== name));
if (unknown.length > 0) throw new Error(`no such stage: ${unknown.join(", ")}`);

const total = { passed: 0, failed: 0, skipped: 0 };
for (const stage of stages.filter(({ name }) => wanted.includes(name))) {
  const start = performance.now();
  const tally = await stage.run();
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.skipped += tally.skipped;
  const seconds = ((performance.now() - start) / MS_PER_SECOND).toFixed(1);
  const verdict = tally.failed > 0 ? "FAILED" : "ok";
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : "";
  console.log(`${stage.name.padEnd(12)} ${verdict.padEnd(6)} ${seconds.padStart(6)} s  ${tally.passed} passed, ${tally.failed} failed${skipped}`);
}
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}`);
process.exitCode = total.failed > 0 ? 1 : 0;
