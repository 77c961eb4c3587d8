import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cgroupsNamed } from "@crossguardian/testkit";
import { fillCodeCache, makeOciDriver, readKernelFacts, reap } from "../src/index.ts";
import { makeProbeHarness, skipReason } from "./probe-harness.ts";

const skip = await skipReason();
const harness = makeProbeHarness();
const { driver, instance, runDir } = harness;
after(harness.close);

const parentOf = (pid: number): number =>
  Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8"))?.[1]);

test("the kernel's facts about a domain are read from outside and agree with its own answer", { skip, timeout: 60_000 }, async () => {
  const { domain, ask } = await harness.open({ name: "facts", memoryBytes: 128 * 1024 * 1024 });
  const facts = readKernelFacts(domain.pid);
  const inside = await ask("status");
  await driver.kill(domain);
  strictEqual(facts.seccomp, 2);
  strictEqual(facts.noNewPrivs, 1);
  strictEqual(facts.capEff, inside["CapEff"]);
  deepStrictEqual(facts.netDevices, ["lo"]);
  strictEqual(facts.memoryLimitBytes, 128 * 1024 * 1024);
  ok(facts.memoryUsageBytes !== null && facts.memoryUsageBytes > 0);
  ok(facts.hostUid >= 0x10000000);
  throwsGone(domain.pid);
});

// A killed process stays in the table until its new parent has asked for it.
const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${String(pid)}/status`, "utf8"));
  } catch {
    return false;
  }
};

const throwsGone = (pid: number): void => {
  let code = "";
  try {
    readKernelFacts(pid);
  } catch (error) {
    code = String(error);
  }
  ok(code.includes("isolation.facts.unreadable"));
};

/** Runs a launcher of its own that starts one domain, kills the launcher, and reaps whatever the body leaves. */
const withLostLauncher = async (
  suffix: string,
  command: readonly string[],
  body: (launcher: { readonly pid: number; readonly kill: () => Promise<void> }, domainPid: number, lost: { readonly instance: string; readonly folder: string }) => Promise<void>,
): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "cg-lost-"));
  const lost = `${instance}-${suffix}`;
  const node = [process.execPath, join(import.meta.dirname, "lost-launcher.ts"), folder, lost];
  const launcher = spawn("/usr/bin/env", [...command, ...node], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(launcher, "exit");
  const kill = async (): Promise<void> => {
    launcher.kill("SIGKILL");
    await exited;
  };
  try {
    const [line] = (await once(launcher.stdout, "data")) as [Buffer];
    await body({ pid: Number(launcher.pid), kill }, Number(String(line)), { instance: lost, folder });
  } finally {
    await kill();
    await reap(lost, folder);
    rmSync(folder, { recursive: true });
  }
};

test("a domain whose launcher was killed is reaped with everything it left", { skip, timeout: 60_000 }, async () =>
  withLostLauncher("lost", [], async (launcher, pid, lost) => {
    const runtime = parentOf(pid);
    await launcher.kill();
    ok(isAlive(pid), "a domain that ignores its channel outlives its launcher");
    await sleep(50);
    ok(!isAlive(runtime), "the runtime's parent dies with the launcher");
    deepStrictEqual(await reap(lost.instance, lost.folder), ["orphan"]);
    ok(!isAlive(pid));
    deepStrictEqual(cgroupsNamed((name) => name === lost.instance), []);
    ok(!readdirSync(lost.folder).includes("isolation"));
    deepStrictEqual(await reap(lost.instance, lost.folder), []);
  }));

test("a domain dies when the runtime's parent is killed", { skip, timeout: 60_000 }, async () => {
  const { domain } = await harness.open({ name: "parent" }, { entry: "probe.ts" });
  process.kill(parentOf(domain.pid), "SIGKILL");
  deepStrictEqual(await domain.exited, { code: null, signal: "SIGKILL" });
  ok(!isAlive(domain.pid));
  await driver.kill(domain);
});

test("a program that does not start is told with its exit code and can be killed", { skip, timeout: 60_000 }, async () => {
  await rejects(harness.open({ name: "absent" }, { nodePath: "/usr/bin/nonexistent" }), /isolation\.node\.libraries/);
  await rejects(harness.open({ name: "absent" }, { image: "/nonexistent" }), /isolation\.start\.failed/);
  deepStrictEqual(await harness.traces("absent"), []);
});

test("a domain that fills its volume beyond its bound is ended, and not started before there is room", { skip, timeout: 60_000 }, async () => {
  const totalBytes = 12 * 1024 * 1024;
  const spec = harness.specOf({ name: "filler", volume: "filled" });
  const hostPath = String(spec.volume?.hostPath);
  const change = { volume: { hostPath, totalBytes } };
  const { domain, ask } = await harness.open({ name: "filler", volume: "filled" }, change);
  strictEqual((await ask("fill", "/data/first"))["code"], "");
  strictEqual((await ask("ping"))["ok"], true);
  await ask("fill", "/data/second").catch(() => undefined); // it may be ended before it answers
  strictEqual((await domain.exited).signal, "SIGKILL");
  await driver.kill(domain);
  await rejects(driver.prepare({ ...spec, ...change }), /isolation\.volume\.full/);
  rmSync(join(hostPath, "second"));
  await driver.kill(await driver.prepare({ ...spec, ...change }));
});

test("a volume that is a link is refused", { skip, timeout: 60_000 }, async () => {
  mkdirSync(join(runDir, "real"));
  symlinkSync(join(runDir, "real"), join(runDir, "linked"));
  await rejects(harness.open({ name: "linked" }, { volume: { hostPath: join(runDir, "linked") } }), /isolation\.volume\.unsafe/);
  strictEqual(statSync(join(runDir, "real")).uid, process.getuid?.());
  deepStrictEqual(await harness.traces("linked"), []);
});

test("a descriptor the launcher leaks does not reach a domain", { skip, timeout: 60_000 }, async () => {
  const leaking = ["/bin/bash", "-c", 'exec 40</etc/hostname; exec "$0" "$@"'];
  await withLostLauncher("leak", leaking, async (launcher, pid) => {
    const openIn = (of: number): string => execFileSync("ls", ["-l", `/proc/${String(of)}/fd`], { encoding: "utf8" });
    ok(openIn(launcher.pid).includes("/etc/hostname"));
    ok(!openIn(pid).includes("/etc/hostname"));
    return Promise.resolve();
  });
});

test("a domain with the host's network can connect but is confined in everything else", { skip, timeout: 60_000 }, async () => {
  const { domain, ask } = await harness.open({ name: "network" }, { network: "host" });
  const { code } = await ask("connect");
  const facts = readKernelFacts(domain.pid);
  const shadow = await ask("read", "/etc/shadow");
  await driver.kill(domain);
  strictEqual(code, "ECONNREFUSED");
  strictEqual(shadow["code"], "ENOENT");
  strictEqual(facts.capEff, "0000000000000000");
  strictEqual(facts.seccomp, 2);
});

test("a domain that ended starts again from what was prepared", { skip, timeout: 60_000 }, async () => {
  const { domain, ask } = await harness.open({ name: "again" });
  await rejects(ask("exit", "3"));
  deepStrictEqual(await domain.exited, { code: 3, signal: null });
  await driver.kill(domain);
  const second = await harness.open({ name: "again" });
  strictEqual((await second.ask("ping"))["ok"], true);
  await driver.kill(second.domain);
});

test("the measurement changes with the specification and with the image", { skip, timeout: 60_000 }, async () => {
  const first = await driver.prepare(harness.specOf({ name: "measured" }));
  const { digest } = await driver.measure(first, "a 1\n");
  strictEqual(digest.length, 64);
  strictEqual((await driver.measure(first, "a 1\n")).digest, digest);
  ok((await driver.measure(first, "a 2\n")).digest !== digest);
  await driver.kill(first);
  const second = await driver.prepare({ ...first.spec, argv: ["--x"] });
  ok((await driver.measure(second, "a 1\n")).digest !== digest);
  await driver.kill(second);
});

test("twelve domains start at once and leave nothing", { skip, timeout: 60_000 }, async () => {
  const names = Array.from({ length: 12 }, (_, index) => `many-${String(index)}`);
  const probes = await Promise.all(names.map(async (name) => harness.open({ name })));
  strictEqual(new Set(probes.map(({ domain }) => domain.pid)).size, names.length);
  await Promise.all(probes.map(async ({ domain }) => driver.kill(domain)));
  for (const name of names) deepStrictEqual(await harness.traces(name), []);
});

test("a filled code cache makes a start cheaper and cannot be written by the domains that use it", { skip, timeout: 60_000 }, async () => {
  const hostPath = join(runDir, "code");
  const spec = harness.specOf({ name: "fill" });
  ok(await fillCodeCache(driver, spec, { hostPath, scratch: runDir }));
  const used = await harness.open({ name: "cached" }, { codeCache: { hostPath, mode: "use" } });
  const cached = await driver.stats(used.domain);
  const write = await used.ask("write", "/code/x");
  await driver.kill(used.domain);
  const plain = await harness.open({ name: "uncached" });
  const uncached = await driver.stats(plain.domain);
  await driver.kill(plain.domain);
  strictEqual(write["code"], "EROFS");
  ok(cached.cpuUsec < uncached.cpuUsec, `${String(cached.cpuUsec)} against ${String(uncached.cpuUsec)} us`);
});

test("what is missing is named with the package that brings it", async () => {
  const { usable, missing, limits } = await makeOciDriver({ runDir }).capabilities();
  strictEqual(usable, missing.length === 0);
  if (usable) deepStrictEqual(limits, ["memory", "cpu", "pids", "tmpfs"]);
  else ok(missing.every(({ remedy }) => remedy.length > 0));
});

test("the log of a domain cannot be opened again by it", { skip, timeout: 60_000 }, async () => {
  const { domain, ask } = await harness.open({ name: "log" });
  const again = await ask("write", "/proc/self/fd/1");
  await driver.kill(domain);
  ok(again["code"] === "ENXIO" || again["code"] === "EACCES", String(again["code"]));
});
