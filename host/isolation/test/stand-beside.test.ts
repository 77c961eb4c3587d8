import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseCgroupLayout } from "../src/cgroup/layout.ts";
import { planBeside } from "../src/cgroup/plan.ts";
import { standBeside } from "../src/index.ts";

const INSTANCE = `beside-${process.pid}`;
const plan = planBeside(parseCgroupLayout(readFileSync("/proc/self/mountinfo", "utf8")), INSTANCE);
const missing = process.getuid?.() !== 0 ? "needs root" : plan === null ? "needs a controller for cpu time" : false;
const leaf = plan?.leaves[0] ?? "";
const groups = (): string => readFileSync("/proc/self/cgroup", "utf8");

test("a program that stands beside its houses starts what it starts there, and leaves nothing when it steps back", { skip: missing }, async () => {
  const before = groups();
  const stepBack = standBeside(INSTANCE);
  ok(stepBack);
  notStrictEqual(groups(), before);
  ok(execFileSync("cat", ["/proc/self/cgroup"], { encoding: "utf8" }).includes(`/crossguardian/${INSTANCE}/beside`));
  await stepBack();
  deepStrictEqual(groups(), before);
  strictEqual(existsSync(leaf), false);
});

test("the group of a program that was killed goes when the next one does the same", { skip: missing }, async () => {
  const left = leaf.replace(INSTANCE, `${INSTANCE}-killed`);
  mkdirSync(left, { recursive: true });
  await standBeside(INSTANCE)?.();
  strictEqual(existsSync(left), false);
});
