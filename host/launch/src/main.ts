import { mkdirSync, statSync } from "node:fs";
import { enableCompileCache, flushCompileCache } from "node:module";
import { join } from "node:path";

const OTHERS_WRITE = 0o022;
const root = join(import.meta.dirname, "..", "..", "..");

// Beside the trust folder: whoever can write there decides anyway what a launcher runs.
const code = join(root, ".crossguardian", "launcher-code");
try {
  mkdirSync(code, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(code);
  if (uid === process.getuid?.() && (mode & OTHERS_WRITE) === 0) enableCompileCache(code);
} catch {
  // A read-only installation: the launcher compiles its code at each start.
}

const { runLauncher } = await import("./adapters/run-launcher.ts");
flushCompileCache();
await runLauncher(process.argv[2] ?? "", { root });
