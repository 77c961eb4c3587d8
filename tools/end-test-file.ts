// Loaded before each test file (see run-test-files.ts).
import { after } from "node:test";
import process from "node:process";

const END_WITHIN_MS = 5_000;

/**
 * A file whose tests have ended has to end: one that a failed hook left a process or a socket in would be waited for
 * without end. Node's own `forceExit` does the same at once, and loses what the file has still to report.
 */
after(() => {
  const timer = setTimeout(() => {
    console.error(`its tests have ended and it has not; what is open: ${process.getActiveResourcesInfo().join(", ")}`);
    process.exit(1);
  }, END_WITHIN_MS);
  timer.unref();
});
