import { join, relative } from "node:path";
import process from "node:process";
import { type EventData, run } from "node:test";

/** How many tests ended how. */
export type Tally = { readonly passed: number; readonly failed: number; readonly skipped: number };

const MAX_KEPT_OUTPUT_CHARS = 20_000;
const END_TEST_FILE = join(import.meta.dirname, "end-test-file.ts");

/** A suite fails because of its tests, which are printed themselves, or by its own hooks, which nothing else prints. */
const failedByItsTests = (error: unknown): boolean =>
  error instanceof Error && "failureType" in error && error.failureType === "subtestsFailed";

const explain = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const inner = error.cause instanceof Error ? error.cause : error;
  return inner.stack ?? inner.message;
};

/**
 * Runs test files, each in a process of its own. Says nothing about what passes; a failing test is printed with its
 * error, and a file that has one with the end of its output. A skipped test is printed with its reason.
 */
export const runTestFiles = async (
  files: readonly string[],
  limits: { readonly concurrency: number; readonly timeoutMs: number },
): Promise<Tally> => {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const tally = { passed: 0, failed: 0, skipped: 0 };
  const output = new Map<string, string>();
  const failing = new Set<string>();
  const show = (file: string | undefined): string => relative(process.cwd(), file ?? "?");

  const keep = ({ file, message }: { readonly file?: string; readonly message: string }): void => {
    if (file !== undefined) output.set(file, `${output.get(file) ?? ""}${message}`.slice(-MAX_KEPT_OUTPUT_CHARS));
  };
  const skipped = (test: EventData.TestPass | EventData.TestFail): boolean => {
    if (test.skip === undefined || test.skip === false) return false;
    tally.skipped += 1;
    console.log(`skipped ${show(test.file)}: ${test.name} (${String(test.skip)})`);
    return true;
  };
  const { promise: ended, resolve, reject } = Promise.withResolvers<undefined>();
  run({ files, concurrency: limits.concurrency, timeout: limits.timeoutMs, execArgv: ["--import", END_TEST_FILE] })
    .on("test:stdout", keep)
    .on("test:stderr", keep)
    .on("test:pass", (test) => {
      if (test.details.type !== "suite" && !skipped(test)) tally.passed += 1;
    })
    .on("test:fail", (test) => {
      const isSuite = test.details.type === "suite";
      if ((isSuite && failedByItsTests(test.details.error)) || skipped(test)) return;
      if (!isSuite) tally.failed += 1;
      if (test.file !== undefined) failing.add(test.file);
      console.log(`\nFAILED ${show(test.file)}: ${test.name}\n${explain(test.details.error)}`);
    })
    .once("end", () => resolve(undefined))
    .once("error", reject)
    .resume();
  await ended;
  for (const file of failing) {
    const said = output.get(file);
    if (said !== undefined) console.log(`\nOutput of ${show(file)}:\n${said}`);
  }
  return tally;
};
