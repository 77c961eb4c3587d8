import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";

const RUNNER = new URL("../run-test-files.ts", import.meta.url).href;
const LONG_NAME = "x".repeat(300);

/** A test file of `passing` short tests, and then `more`. */
const fileOf = (passing: number, more = ""): string =>
  `import test from "node:test";\nfor (let i = 0; i < ${passing.toString()}; i++) test("${LONG_NAME}" + i, () => {});\n${more}\n`;

test("every test of files that end at once is counted, a failing one among them, and a file that never ends fails", () => {
  const folder = mkdtempSync(join(tmpdir(), "crossguardian-test-files-"));
  try {
    const files = [
      fileOf(200),
      fileOf(200),
      fileOf(200, `test("wrong", () => { throw new Error("it is wrong"); });`),
      fileOf(1, `setInterval(() => {}, 1000);`),
    ].map((text, at) => {
      const path = join(folder, `${at.toString()}.test.ts`);
      writeFileSync(path, text);
      return path;
    });
    const script = join(folder, "run.mjs");
    const text = `const { runTestFiles } = await import(${JSON.stringify(RUNNER)});
      const tally = await runTestFiles(${JSON.stringify(files)}, { concurrency: 2, timeoutMs: 30000 });
      console.log(JSON.stringify(tally));`;
    writeFileSync(script, text);
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "NODE_TEST_CONTEXT"));
    const output = execFileSync(process.execPath, [script], { env, encoding: "utf8", timeout: 60_000 });
    assert.match(output, /FAILED .*2\.test\.ts: wrong\nError: it is wrong/v);
    assert.match(output, /its tests have ended and it has not; what is open: .*Timeout/v);
    assert.deepEqual(JSON.parse(output.trimEnd().split("\n").at(-1) ?? ""), { passed: 601, failed: 2, skipped: 0 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
