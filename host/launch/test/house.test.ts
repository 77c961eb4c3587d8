import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { askLauncher, type ControlRequest, type DomainState, reapHouse } from "../src/index.ts";
import { leftOf, makeHouseFolder, processesOf, sealEcho, skipHouse, startLauncher, type TestLauncher, until } from "./fixtures/echo-house.ts";

describe("a house", { skip: skipHouse }, () => {
  const instance = `test-${String(process.pid)}`;
  const house = makeHouseFolder(instance);
  const { runDir } = house.spec;
  let launcher: TestLauncher | null = null;

  const start = async (): Promise<void> => {
    sealEcho(house);
    const started = startLauncher(house);
    launcher = started;
    await until("the house to be ready", () => {
      assert.equal(started.child.exitCode, null, started.errors());
      return started.out().includes("house.ready");
    });
  };
  const ended = async (): Promise<void> => until("the launcher to end", () => launcher?.hasEnded() ?? true);
  const ask = async (request: ControlRequest) => {
    const answer = await askLauncher(runDir, request);
    assert.ok(answer.ok, JSON.stringify(answer));
    return answer;
  };
  const domains = async (): Promise<ReadonlyMap<string, DomainState>> =>
    new Map(((await ask({ cmd: "domains" })).domains ?? []).map((each) => [each.name, each]));
  const pidOf = async (name: string): Promise<number> => (await domains()).get(name)?.pid ?? assert.fail(name);
  const ping = async (domain: string, peer: string): Promise<unknown> =>
    JSON.parse((await ask({ cmd: "ask", domain, command: "ping", argument: peer })).answer ?? "null");
  const isAdmitted = async (name: string): Promise<boolean> => (await domains()).get(name)?.admitted === true;

  before(start);
  after(async () => {
    launcher?.child.kill("SIGKILL");
    await ended();
    await reapHouse(instance, runDir);
    house.remove();
  });

  test("starts every domain in its jail, and the kernel says so", async () => {
    const all = await domains();
    assert.deepEqual([...all.keys()], ["switch", "management", "interaction", "relay", "plugin-a"]);
    for (const name of ["interaction", "relay", "plugin-a"]) {
      const { facts, admitted, driver } = all.get(name) ?? assert.fail(name);
      assert.ok(admitted && driver === "oci");
      assert.equal(facts?.seccomp, 2);
      assert.equal(facts.noNewPrivs, 1);
      assert.match(facts.capEff, /^0+$/u);
      assert.deepEqual(facts.netDevices, ["lo"]);
    }
    for (const name of ["switch", "management"]) {
      const { facts } = all.get(name) ?? assert.fail(name);
      assert.equal(facts?.noNewPrivs, 1);
      assert.match(facts.capEff, /^0+$/u);
      assert.deepEqual(facts.netDevices, ["lo"]);
      assert.ok(facts.hostUid >= 0x7000_0000);
      assert.ok((facts.memoryUsageBytes ?? 0) < (facts.memoryLimitBytes ?? 0), "bounded by a group of its own");
    }
  });

  test("takes /proc from every domain that was admitted, and management gets the same answer when it asks again", async () => {
    for (const name of ["interaction", "relay", "plugin-a"]) {
      const pid = await pidOf(name);
      await until(`/proc of ${name} to be gone`, () => readdirSync(`/proc/${String(pid)}/root/proc`).length === 0);
    }
    const before = await pidOf("management");
    await ask({ cmd: "kill", name: "management" });
    await until("management to be started again", async () => ![0, before].includes((await domains()).get("management")?.pid ?? 0));
    await until("the domains to be admitted by it", async () => (await Promise.all(["interaction", "relay", "plugin-a"].map(isAdmitted))).every(Boolean));
    assert.deepEqual([...(await domains()).values()].filter(({ restarts, name }) => restarts > 0 && name !== "management").map(({ name }) => name), []);
  });

  test("starts every process from a code cache it cannot write", async () => {
    assert.ok(!readFileSync(join(runDir, "events.jsonl"), "utf8").includes("code.absent"));
    for (const [name, { pid }] of await domains()) {
      const variables = readFileSync(`/proc/${String(pid)}/environ`, "utf8").split("\0");
      const folder = variables.find((each) => each.startsWith("NODE_COMPILE_CACHE="))?.slice("NODE_COMPILE_CACHE=".length) ?? assert.fail(name);
      const seen = `/proc/${String(pid)}/root${folder}`;
      const { uid, mode } = statSync(seen);
      assert.deepEqual([uid, mode & 0o022], [0, 0], name);
      assert.ok(readdirSync(join(seen, readdirSync(seen)[0] ?? "")).length > 10, name);
    }
  });

  test("lets domains talk through the switch, with their volume and key", async () => {
    assert.deepEqual(await ping("interaction", "relay"), { isSent: true });
    assert.deepEqual(await ping("interaction", "plugin-a"), { isSent: true });
    const who = JSON.parse((await ask({ cmd: "ask", domain: "interaction", command: "who", argument: "" })).answer ?? "");
    assert.equal(who.dataPath, "/data");
    assert.equal(who.keyBytes, 32);
  });

  test("gives management the kernel's and the switch's counters ten times a second", async () => {
    const askManagement = async (command: string, argument = "") =>
      JSON.parse((await ask({ cmd: "ask", domain: "management", command, argument })).answer ?? "null");
    await until("a second of history", async () => (await askManagement("history", "relay 0 cpuPercent")).atMs.length >= 10);
    const { atMs, values } = await askManagement("history", "relay 0 cpuPercent memoryBytes pids framesOutPerS");
    const spanMs = atMs.at(-1) - atMs[0];
    assert.ok(spanMs / (atMs.length - 1) < 150, `${String(atMs.length)} points in ${String(spanMs)} ms`);
    assert.ok(values[1].every((bytes: number) => bytes > 1_000_000 && bytes < 128 * 1024 * 1024));
    const { domains: watched } = await askManagement("watch");
    assert.deepEqual(watched.map((each: { name: string }) => each.name).sort(), ["interaction", "launcher", "management", "plugin-a", "relay", "switch"]);
    const relay = watched.find((each: { name: string }) => each.name === "relay");
    assert.ok(relay.totals.framesIn > 0 && relay.point.pids > 5);
    assert.equal((await askManagement("history", "nobody")).failure ?? "none", "management.command.unknown");
  });

  test("answers at its control socket with coded errors, and nobody else may connect", async () => {
    const unknown = await askLauncher(runDir, { cmd: "kill", name: "nobody" });
    assert.ok(!unknown.ok && unknown.code === "launch.domain.unknown");
    const malformed = await askLauncher(runDir, { cmd: "evil" } as never);
    assert.ok(!malformed.ok && malformed.code === "launch.control.malformed");
    const status = JSON.parse((await ask({ cmd: "ask", domain: "management", command: "status", argument: "" })).answer ?? "");
    assert.deepEqual(status.map((each: { phase: string }) => each.phase), ["admitted", "admitted", "admitted"]);
  });

  test("leaves no memory of any of its processes for a core dump", async () => {
    for (const [name, { pid }] of await domains()) assert.equal(readFileSync(`/proc/${String(pid)}/coredump_filter`, "utf8").trim(), "00000000", name);
  });

  test("brings a domain back that was killed, under a new epoch", async () => {
    const before = (await domains()).get("relay") ?? assert.fail();
    const killedMs = Date.now();
    process.kill(before.pid ?? 0, "SIGKILL");
    await until("the relay to be back", async () => {
      const now = (await domains()).get("relay");
      return now?.admitted === true && now.pid !== before.pid;
    });
    console.log(`killed to admitted: ${String(Date.now() - killedMs)} ms`);
    assert.equal(BigInt((await domains()).get("relay")?.epoch ?? 0), BigInt(before.epoch) + 1n);
    assert.deepEqual(await ping("interaction", "relay"), { isSent: true });
  });

  test("replaces a killed switch and no domain notices", async () => {
    const before = await domains();
    process.kill(await pidOf("switch"), "SIGKILL");
    await until("a new switch", async () => {
      const now = (await domains()).get("switch");
      return now?.pid !== null && now?.pid !== before.get("switch")?.pid;
    });
    await until("frames to pass", async () => {
      const answer = await askLauncher(runDir, { cmd: "ask", domain: "interaction", command: "ping", argument: "relay" });
      return answer.ok && answer.answer === '{"isSent":true}';
    });
    const now = await domains();
    for (const name of ["management", "interaction", "relay", "plugin-a"]) assert.equal(now.get(name)?.pid, before.get(name)?.pid, name);
  });

  test("replaces a killed management domain, which takes over what runs", async () => {
    const before = await domains();
    process.kill(await pidOf("management"), "SIGKILL");
    await until("a new management domain", async () => {
      const answer = await askLauncher(runDir, { cmd: "ask", domain: "interaction", command: "ping", argument: "relay" });
      return answer.ok && answer.answer === '{"isSent":true}';
    });
    const now = await domains();
    assert.notEqual(now.get("management")?.pid, before.get("management")?.pid);
    for (const name of ["switch", "interaction", "relay", "plugin-a"]) assert.equal(now.get(name)?.pid, before.get(name)?.pid, name);
    process.kill(await pidOf("plugin-a"), "SIGKILL");
    await until("the plugin to be killed", async () => !(await isAdmitted("plugin-a")));
    await until("the plugin to be admitted by the new management", () => isAdmitted("plugin-a"));
  });

  test("refuses a second launcher", async () => {
    await assert.rejects(reapHouse(instance, runDir), { code: "launch.house.running" });
  });

  test("leaves nothing that runs when the launcher is killed, and starts again over what is left", async () => {
    launcher?.child.kill("SIGKILL");
    await ended();
    await until("every process to end", () => processesOf(house).length === 0);
    await start();
    assert.deepEqual(await ping("interaction", "relay"), { isSent: true });
  });

  test("stands still when it is frozen and goes on when it is thawed", async () => {
    const before = await domains();
    await ask({ cmd: "freeze" });
    const frozen = new Promise((resolve) => setTimeout(resolve, 2_500));
    const late = askLauncher(runDir, { cmd: "ask", domain: "interaction", command: "ping", argument: "relay" });
    await frozen;
    await ask({ cmd: "thaw" });
    assert.deepEqual(await late, { ok: true, answer: '{"isSent":true}' });
    for (const [name, { pid }] of await domains()) assert.equal(pid, before.get(name)?.pid, name);
  });

  test("stops when its standard input ends and leaves no process, group, mount or file", async () => {
    launcher?.child.stdin?.end();
    await ended();
    assert.equal(launcher?.child.exitCode, 0, launcher?.errors());
    assert.deepEqual(leftOf(house), []);
  });
});
