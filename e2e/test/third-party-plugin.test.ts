import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { awaitSettled, awaitThese, BENCH_TOPOLOGY, extraTransfersOf, judgeWorld, type Sent, sendAssets, sendDoomed, withKinds, type World } from "@crossguardian/world";

import { missingPart, startTestWorld } from "./support/with-world.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NAME = "third-party";
const INSTALLED = join(ROOT, ".crossguardian/plugins", NAME, "src/ledger-source.ts");
const CHAIN = "C";
const MEMORY_MIB = 160;
const DEADLINE_MS = 120_000;
const TRANSFERS = 4;

const run = promisify(execFile);
const cli = async (...args: readonly string[]): Promise<string> => (await run(process.execPath, [join(ROOT, "cli/src/main.ts"), ...args], { cwd: ROOT })).stdout;

const topology = { ...withKinds(BENCH_TOPOLOGY, ["evm", "ledger"]), plugins: { [CHAIN]: { name: NAME, memoryMiB: MEMORY_MIB } } };
let folder = "";
let isInstalled = false;
let end: (() => Promise<void>) | null = null;
let world: World;

before(async () => {
  if (missingPart !== false) return;
  folder = mkdtempSync(join(tmpdir(), "crossguardian-plugin-"));
  const [source, file] = [join(folder, NAME), join(folder, "package.cgplugin")];
  await cli("plugin", "new", NAME, "--dir", source);
  const { publisher } = JSON.parse(await cli("plugin", "pack", source, "--key", join(folder, "publisher.key"), "--out", file, "--json")) as { readonly publisher: string }; // the command's own word
  await cli("plugin", "install", file, "--publisher", publisher);
  isInstalled = true;
  const started = await startTestWorld({ topology });
  world = started.world;
  end = started.end;
});
after(async () => {
  await end?.();
  if (isInstalled) await cli("plugin", "remove", NAME);
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
});

test("a plugin that was packed, installed and named by a chain runs in a jail of its own, out of its own image", { skip: missingPart }, async () => {
  const house = [...world.houses.values()].find(({ spec }) => spec.domains.some(({ name }) => name === "plugin-c"));
  const domains = (await house?.domains()) ?? [];
  const own = domains.filter(({ name }) => name === "plugin-c" || name.startsWith("witness-c-"));
  assert.equal(own.length, 4, "the plugin and three witnesses");
  for (const { name, facts, driver } of own) {
    assert.equal(driver, "oci", name);
    assert.deepEqual([facts?.seccomp, facts?.noNewPrivs, Number(`0x${facts?.capEff ?? "f"}`), facts?.netDevices], [2, 1, 0, ["lo"]], name);
  }
  const plugin = own.find(({ name }) => name === "plugin-c");
  const program = readFileSync(`/proc/${String(plugin?.pid)}/cmdline`, "utf8");
  assert.match(program, new RegExp(`/\\.crossguardian/plugins/${NAME}/src/main\\.ts`, "u"));
  assert.ok((plugin?.facts?.memoryLimitBytes ?? Infinity) <= MEMORY_MIB * 1024 * 1024, "the memory that its manifest asks for, and no more");
});

test("transfers between its ledger and an EVM chain commit, and what a side refuses is rolled back", { skip: missingPart }, async () => {
  const sent: Sent[] = [];
  const note = (one: Sent): void => {
    sent.push(one);
  };
  const { doomed } = extraTransfersOf(world);
  const arrived = async (first: readonly Sent[]): Promise<void> => {
    await awaitThese(world, first, DEADLINE_MS);
  };
  await Promise.all([sendDoomed(world, note), sendAssets(world, TRANSFERS, note, arrived)]);
  await awaitSettled(world, sent, TRANSFERS + doomed, DEADLINE_MS, () => undefined);
  const { complaints, ...verdict } = await judgeWorld(world);
  assert.deepEqual(complaints, []);
  assert.deepEqual(verdict, { requests: TRANSFERS + doomed, committed: TRANSFERS, rolledBack: doomed, lost: 0, duplicated: 0 });
});

test("one byte of an installed plugin changed: nothing starts any more, and the code says which file", { skip: missingPart }, async () => {
  const before = readFileSync(INSTALLED);
  try {
    writeFileSync(INSTALLED, Buffer.concat([before, Buffer.from("\n")]));
    await assert.rejects(startTestWorld({ topology }), (error: unknown) => String(error).includes("boot.file.changed") && String(error).includes(NAME));
  } finally {
    writeFileSync(INSTALLED, before);
  }
});
