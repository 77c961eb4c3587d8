import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const GONE_DEADLINE_MS = 5_000;
const INDEX = new URL("../src/index.ts", import.meta.url).href;

const starter = (outlive: boolean, folder: string): ChildProcess =>
  spawn(
    process.execPath,
    [
      "--input-type=module",
      "--eval",
      `import { startChain, startProxy } from ${JSON.stringify(INDEX)};
       const chain = await startChain({ kind: "ganache", chainId: 77, blockTimeMs: null, outlive: ${outlive} });
       const proxies = await startProxy({ upstream: chain.url, count: 1, outlive: ${outlive} });
       console.log(JSON.stringify({ pids: [chain.pid, proxies.pid], url: proxies.urls[0] }));
       setInterval(() => undefined, 1000);`,
    ],
    { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, TMPDIR: folder } },
  );

const started = async (child: ChildProcess): Promise<{ pids: number[]; url: string }> => {
  for await (const line of createInterface({ input: child.stdout! })) return JSON.parse(line);
  throw new Error("the starter ended early");
};

// A killed process whose new parent does not collect it stays as a zombie: that is gone too.
const alive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+[ZX]/mu.test(readFileSync(`/proc/${pid}/status`, "utf8"));

const allGone = async (pids: readonly number[]): Promise<boolean> => {
  const until = performance.now() + GONE_DEADLINE_MS;
  while (pids.some(alive) && performance.now() < until) await sleep(20);
  return !pids.some(alive);
};

test("chain and proxies die with their starter, even when it is killed, and leave no file", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "cg-devnet-"));
  try {
    const child = starter(false, folder);
    const { pids } = await started(child);
    assert.notDeepEqual(readdirSync(folder), []);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.ok(await allGone(pids));
    assert.deepEqual(readdirSync(folder), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("chain and proxies that shall outlive their starter still answer after it was killed", { timeout: 60_000 }, async () => {
  const child = starter(true, tmpdir());
  const { pids, url } = await started(child);
  try {
    child.kill("SIGKILL");
    await once(child, "exit");
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] }),
    });
    assert.equal(((await response.json()) as { result: string }).result, "0x4d");
  } finally {
    for (const pid of pids) process.kill(pid, "SIGTERM");
  }
  assert.ok(await allGone(pids));
});
