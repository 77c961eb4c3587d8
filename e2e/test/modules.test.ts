import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { to0x } from "@crossguardian/kernel";
import { accountAddress, awaitThese, BENCH_TOPOLOGY, type House, judgeWorld, modulesOf, type ReportedDomain, type Sent, sendAssets, sendRetrievals, type World } from "@crossguardian/world";

import { keptDown } from "./support/kept-down.ts";
import { missingPart, startTestWorld, until } from "./support/with-world.ts";

const SETTLE_MS = 90_000;
const UP_MS = 60_000;
const ASSETS = 6;
const CHAIN = "A";
const topology = { ...BENCH_TOPOLOGY, standby: [], modules: { [CHAIN]: { asset: ["vault"], data: ["data"] } } };
const PARTS = ["plugin-a", ...modulesOf(topology, CHAIN).map(({ domain }) => domain)];
const [, ASSET = "", DATA = ""] = PARTS;
/** What a jail has of its own, as the kernel tells it from outside. */
const NAMESPACES = ["user", "pid", "net", "mnt", "ipc", "uts", "cgroup"];
/** Devices of the kernel that every jail has and that keep nothing: bytes written to them are gone, or stir the kernel's pool, or are the process's own terminal. */
const STATELESS = ["/null", "/zero", "/full", "/tty", "/random", "/urandom"];
const NOTHING_SHARED = /^(?:pipe|socket):/u;

let world: World;
let end: () => Promise<void> = async () => undefined;

const house = (): House => {
  const found = world.houses.get("gateway-a");
  assert.ok(found !== undefined);
  return found;
};
const domainOf = async (name: string): Promise<ReportedDomain | undefined> => (await house().domains()).find((each) => each.name === name);
const pidOf = async (name: string): Promise<number> => {
  const pid = (await domainOf(name))?.pid;
  assert.ok(typeof pid === "number", name);
  return pid;
};
const nonceOf = async (owner: string): Promise<number> =>
  Number(await world.rpcs.get(CHAIN)?.call("eth_getTransactionCount", [to0x(accountAddress(world.crypto, world.slots, owner, CHAIN)), "latest"]));

const openThings = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`)).filter((link) => NOTHING_SHARED.test(link));

/** Places of the host's file systems that a process can write to: device, path there. */
const writablePlaces = (pid: number): readonly string[] =>
  readFileSync(`/proc/${pid}/mountinfo`, "utf8").split("\n").filter((line) => line !== "").map((line) => line.split(" "))
    .filter(([, , , , , options = ""]) => options.split(",").includes("rw")).filter(([, , , path = ""]) => !STATELESS.includes(path)).map(([, , device, path]) => `${device} ${path}`);

const pairsOf = <T>(all: readonly T[]): readonly (readonly [T, T])[] => all.flatMap((one, at) => all.slice(at + 1).map((other) => [one, other] as const));

describe("service modules of one plugin", { skip: missingPart, timeout: 400_000 }, () => {
  before(async () => {
    ({ world, end } = await startTestWorld({ topology }));
  });
  after(async () => end());

  test("are processes in jails of their own: no namespace, user, key, writable place, pipe or socket is that of another module or of the plugin", async () => {
    const pids = new Map(await Promise.all(PARTS.map(async (name) => [name, await pidOf(name)] as const)));
    for (const [one, other] of pairsOf([...pids])) {
      const what = `${one[0]} and ${other[0]}`;
      for (const namespace of NAMESPACES) assert.notEqual(readlinkSync(`/proc/${one[1]}/ns/${namespace}`), readlinkSync(`/proc/${other[1]}/ns/${namespace}`), `${what}: ${namespace}`);
      assert.notEqual(statSync(`/proc/${one[1]}`).uid, statSync(`/proc/${other[1]}`).uid, what);
      assert.notEqual(readFileSync(`/proc/${one[1]}/cgroup`, "utf8"), readFileSync(`/proc/${other[1]}/cgroup`, "utf8"), what);
      assert.notEqual(statSync(`/proc/${one[1]}/root/key`).ino, statSync(`/proc/${other[1]}/root/key`).ino, what);
      assert.deepEqual(openThings(one[1]).filter((each) => openThings(other[1]).includes(each)), [], what);
      assert.deepEqual(writablePlaces(one[1]).filter((each) => writablePlaces(other[1]).includes(each)), [], what);
    }
  });

  test("each do the work of their own services from accounts of their own, and one that is killed again and again leaves the other's transfers running", async () => {
    const assets: Sent[] = [];
    const retrievals: Sent[] = [];
    let isDone = false;
    const down = keptDown(house(), ASSET, () => isDone);
    try {
      await sendAssets(world, ASSETS, (sent) => void assets.push(sent));
      await sendRetrievals(world, (sent) => void retrievals.push(sent));
      await awaitThese(world, retrievals, SETTLE_MS);
    } finally {
      isDone = true;
    }
    assert.ok((await down) > 0, "the module was never there to be killed");
    assert.ok((await nonceOf(DATA)) > 0, "the data module put nothing into the chain");

    await until(`${ASSET} is admitted again`, UP_MS, async () => (await domainOf(ASSET))?.admitted === true);
    await awaitThese(world, assets, SETTLE_MS);
    assert.ok((await nonceOf(ASSET)) > 0, "the asset module put nothing into the chain");
    assert.equal(await nonceOf("plugin-a"), 0, "every service has a module: the plugin had nothing to put into the chain");
    const { complaints, lost, duplicated, committed } = await judgeWorld(world);
    assert.deepEqual({ complaints, lost, duplicated, committed }, { complaints: [], lost: 0, duplicated: 0, committed: ASSETS + retrievals.length });
  });
});
