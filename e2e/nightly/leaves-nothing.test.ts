import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { familyOf, leftoversOf, type Seen, stillRunning } from "../test/support/leftovers.ts";
import { missingPart, until } from "../test/support/with-world.ts";

const PROGRAM = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));
const STATE = process.env["CROSSGUARDIAN_STATE"] ?? "/var/lib/crossguardian";
const DEMO_MS = 120_000;
const CLEAN_MS = 20_000;
const SENDING = /\d+ transfers, private retrievals/u;
const CHAINS = 4;

type Demo = { readonly child: ChildProcess; readonly said: () => string; readonly answer: () => string; readonly ended: Promise<number | null> };

const runRoot = mkdtempSync(join(tmpdir(), "crossguardian-leaves-"));
chmodSync(runRoot, 0o711); // the users of the domains pass through
const demos: Demo[] = [];

const startDemo = (): Demo => {
  const child = spawn(process.execPath, [PROGRAM, "demo", "--transfers", "4", "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, CROSSGUARDIAN_RUN: runRoot, CROSSGUARDIAN_STATE: STATE },
  });
  let [said, answer] = ["", ""];
  child.stderr?.on("data", (piece: Buffer) => (said += piece.toString()));
  child.stdout?.on("data", (piece: Buffer) => (answer += piece.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const demo = { child, said: () => said, answer: () => answer, ended };
  demos.push(demo);
  return demo;
};

const interfaces = (): readonly string[] => readdirSync("/sys/class/net").sort();
const chainFolders = (): readonly string[] => {
  try {
    return readdirSync(join(homedir(), ".foundry", "anvil", "tmp")).sort();
  } catch {
    return [];
  }
};
const instances = (): readonly string[] => [...new Set(readdirSync(runRoot).map((name) => name.replace(/\.json$/u, "")))];

const sending = async (demo: Demo): Promise<void> => {
  await until("a demo to send its transfers", DEMO_MS, async () => SENDING.test(demo.said()) || demo.child.exitCode !== null);
  assert.match(demo.said(), SENDING);
};

const nothingLeft = async (names: readonly string[], family: readonly Seen[]): Promise<void> => {
  const folders = [runRoot, join(STATE, "instances"), tmpdir()];
  let left: readonly string[] = [];
  await until("nothing to be left", CLEAN_MS, async () => {
    left = [...stillRunning(family).map(({ pid, command }) => `process ${pid} ${command}`), ...names.flatMap((name) => leftoversOf(name, folders))];
    return left.length === 0;
  }).catch(() => undefined);
  assert.deepEqual(left, []);
};

test("the program leaves nothing on the machine", { skip: missingPart, timeout: 300_000 }, async (t) => {
  const [netBefore, chainsBefore] = [interfaces(), chainFolders()];

  await t.test("of two demos at once one is killed: nothing is left of it, and the other ends well", async () => {
    const [killed, other] = [startDemo(), startDemo()];
    await sending(killed);
    await until("the other demo to have begun", DEMO_MS, async () => instances().length === 2);
    const family = familyOf(killed.child.pid ?? 0);
    const all = instances();
    assert.ok(family.length > CHAINS, String(family.length));
    killed.child.kill("SIGKILL");
    await killed.ended;
    const doomed = all.filter((name) => family.some(({ command }) => command.includes(name)));
    assert.equal(doomed.length, 1, family.map(({ command }) => command).join("\n"));
    await nothingLeft(doomed, family);
    await sending(other);
    const relatives = familyOf(other.child.pid ?? 0);
    assert.equal(await other.ended, 0, other.said());
    const result = JSON.parse(other.answer().trim().split("\n").at(-1) ?? "") as Readonly<Record<string, number>>;
    assert.deepEqual([result["committed"], result["rolledBack"], result["lost"], result["duplicated"]], [8, 2, 0, 0]);
    await nothingLeft(all, relatives);
  });

  await t.test("interrupted in the middle, the program says so and leaves nothing", async () => {
    const demo = startDemo();
    await sending(demo);
    const [names, family] = [instances(), familyOf(demo.child.pid ?? 0)];
    demo.child.kill("SIGINT");
    assert.equal(await demo.ended, 1, demo.said());
    assert.match(demo.said(), /cli\.stopped/u);
    await nothingLeft(names, family);
    assert.deepEqual(readdirSync(runRoot), []);
  });

  assert.deepEqual(interfaces(), netBefore);
  assert.deepEqual(chainFolders().filter((name) => !chainsBefore.includes(name)), []);
});

after(async () => {
  for (const { child, ended } of demos) {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
  }
  rmSync(runRoot, { recursive: true, force: true });
});
