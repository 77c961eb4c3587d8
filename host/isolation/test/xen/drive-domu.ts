import { existsSync, openSync, writeFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

import { makeXenDriver } from "../../src/index.ts";

// Runs in Dom0 and tells each step as a line of JSON. The word to go on after the attack is a file.

const [goOn = "", guestDir = ""] = process.argv.slice(2);
const MIB_BYTES = 1024 * 1024;
const MEMORY_BYTES = 128 * MIB_BYTES;
const ANSWER_MS = 400_000;
const QUIET_MS = 3_000;
const POLL_MS = 100;

const say = (step: string, facts: Readonly<Record<string, unknown>> = {}): void => {
  process.stdout.write(`${JSON.stringify({ step, ...facts }, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value))}\n`);
};

writeFileSync("/run/key", "key", { mode: 0o600 });
const driver = makeXenDriver({ runDir: "/run/driver", guestDir });
const spec = {
  name: "echo", instance: "t1", image: import.meta.dirname, nodePath: "/usr/bin/node", entry: "echo.ts", argv: [], env: {}, volume: null, keySlot: "/run/key",
  limits: { memoryBytes: MEMORY_BYTES, cpuQuotaPercent: null, pids: 32, tmpfsBytes: MIB_BYTES, tmpfsInodes: 64 }, network: "none", uidBase: 131_072,
} as const;

say("capabilities", { capabilities: await driver.capabilities() });
say("production", { refusal: await driver.prepare({ ...spec, production: true }).then(() => "", String) });
const prepared = await driver.prepare(spec);
try {
  const domain = await driver.start(prepared, { fd: 0 }, { logFd: openSync("/run/driver.log", "a") });
  const channel = domain.end?.socket;
  if (channel === undefined) throw new Error("no channel");
  let heard = "";
  // The driver hands it on paused.
  channel.setEncoding("utf8").on("data", (text: string) => {
    heard += text;
  });
  channel.resume();
  const until = async (what: string): Promise<void> => {
    const end = performance.now() + ANSWER_MS;
    while (!heard.includes(what)) {
      if (performance.now() > end) throw new Error(`not heard: ${what}; heard: ${heard}`);
      await sleep(POLL_MS);
    }
  };
  await until("hello");
  say("hello", { heard });
  channel.write("one\n");
  await until("heard one");
  say("answered");
  const before = await driver.stats(domain);
  say("stats", { ...before });
  await driver.pause(domain);
  channel.write("two\n");
  await sleep(QUIET_MS);
  say("paused", { wasSilent: !heard.includes("heard two") });
  await driver.resume(domain);
  await until("heard two");
  say("resumed");
  await driver.isolate(domain);
  await driver.setCpuQuota(domain, 50);
  say("capped");
  await driver.setResources(domain, { memoryBytes: MEMORY_BYTES - 16 * MIB_BYTES });
  say("smaller");
  while (!existsSync(goOn)) await sleep(POLL_MS);
  await driver.kill(domain);
  say("killed", { end: await domain.exited });
} catch (error) {
  say("failed", { why: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}
await driver.kill(spec);
process.exit(0);
