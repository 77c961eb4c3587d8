import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rememberFiles } from "../src/adapters/remembered-files.ts";

const HOUR_MS = 3_600_000;
const later = (): number => Date.now() + HOUR_MS;

const withFile = (run: (paths: { readonly memory: string; readonly file: string }) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), "cg-memory-"));
  try {
    const file = join(folder, "file");
    writeFileSync(file, "one", { mode: 0o644 });
    run({ memory: join(folder, "memory.json"), file });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const measured = (memory: string, file: string, about = "a", nowMs = later): string => {
  const measurer = rememberFiles(memory, about, nowMs);
  const { sha256 } = measurer.measure(file, "file");
  measurer.save();
  return sha256;
};

/** Makes the memory say something else, so that what comes from it is seen. */
const forge = (memory: string, file: string): void => {
  const { dev, ino, size, mtimeNs, ctimeNs, mode, uid } = statSync(file, { bigint: true });
  const key = [dev, ino, size, mtimeNs, ctimeNs, mode, uid].join(" ");
  writeFileSync(memory, JSON.stringify({ about: "a", files: { [file]: [key, "remembered"] } }));
};

test("a file that did not change is not read again", () => {
  withFile(({ memory, file }) => {
    measured(memory, file);
    forge(memory, file);
    assert.equal(measured(memory, file), "remembered");
  });
});

test("a file is read again once it changed, also by one byte at the same size and time, or in its mode", () => {
  withFile(({ memory, file }) => {
    forge(memory, file);
    const { atime, mtime } = statSync(file);
    writeFileSync(file, "two");
    utimesSync(file, atime, mtime);
    assert.notEqual(measured(memory, file), "remembered");
    forge(memory, file);
    chmodSync(file, 0o600);
    assert.notEqual(measured(memory, file), "remembered");
  });
});

test("nothing is remembered of a file that changed a moment ago, of another manifest, or from a damaged memory", () => {
  withFile(({ memory, file }) => {
    measured(memory, file, "a", Date.now);
    assert.equal(existsSync(memory), false);
    forge(memory, file);
    assert.notEqual(measured(memory, file, "b"), "remembered");
    writeFileSync(memory, "{");
    assert.match(measured(memory, file), /^[0-9a-f]{64}$/u);
  });
});

test("a link in the place of a file is refused", () => {
  withFile(({ memory, file }) => {
    const link = `${file}.link`;
    symlinkSync(file, link);
    assert.throws(() => measured(memory, link), /boot\.file\.kind/u);
  });
});
