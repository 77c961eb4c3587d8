import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";

import { type DomainSpec, makeOciDriver, type OciConfig, reap } from "@crossguardian/isolation";

import { ALL_JAIL_LAYERS, isJailLayer, type JailLayer, LAYERS } from "../src/cell/layers.ts";
import { withoutLayers } from "../src/cell/without-layers.ts";
import { layersMinOf, threatsOf } from "../src/result.ts";

const folder = mkdtempSync(join(tmpdir(), "cg-layers-"));
const runDir = join(folder, "run");
const instance = `layers${process.pid}`;
after(async () => {
  await reap(instance, runDir);
  rmSync(folder, { recursive: true, force: true });
});

const { missing } = await makeOciDriver({ runDir: folder }).capabilities();
const skip = missing.length === 0 ? false : missing.map(({ part, remedy }) => `${part}: ${remedy}`).join("; ");

const MIB = 1024 * 1024;
const spec = (name: string): DomainSpec => ({
  name, instance, image: folder, nodePath: process.execPath, entry: "x.ts", argv: [], env: {}, volume: null, keySlot: null,
  limits: { memoryBytes: 64 * MIB, cpuQuotaPercent: null, pids: 32, tmpfsBytes: MIB, tmpfsInodes: 64 }, network: "none", uidBase: 0x5000_0000,
});

const configured = async (without: readonly JailLayer[] | null): Promise<OciConfig> => {
  let seen: OciConfig | null = null;
  mkdirSync(runDir, { recursive: true });
  const driver = makeOciDriver({
    runDir,
    reshape: (config) => (seen = without === null ? config : withoutLayers(config, new Set(without), "/program")),
  });
  const prepared = await driver.prepare(spec("layers"));
  await driver.kill(prepared);
  ok(seen);
  return seen;
};

test("with every layer the configuration of a hostile program is that of a domain but for the program", { skip }, async () => {
  const [real, hostile] = [await configured(null), await configured([])];
  const program = hostile.mounts.find(({ destination }) => destination === "/node");
  strictEqual(program?.source, "/program");
  deepStrictEqual({ ...hostile, mounts: [] }, { ...real, mounts: [] });
  deepStrictEqual(hostile.mounts.filter((mount) => mount !== program), real.mounts.filter(({ destination }) => destination !== "/node"));
});

test("each layer can be taken away and changes the configuration", { skip }, async () => {
  const whole = JSON.stringify(await configured([]));
  for (const layer of ALL_JAIL_LAYERS.filter((each) => each !== "cgroup")) ok(JSON.stringify(await configured([layer])) !== whole, layer);
  const bare = JSON.stringify(await configured(ALL_JAIL_LAYERS));
  ok(!bare.includes("seccomp") && !bare.includes("uidMappings") && bare.includes("CAP_"));
});

test("a driver whose configuration is changed refuses a production domain", { skip }, async () => {
  const driver = makeOciDriver({ runDir: folder, reshape: (config) => config });
  const error = await driver.prepare({ ...spec("real"), production: true }).then(() => null, String);
  ok(error?.includes("isolation.reshaped.production"));
});

test("a class of harm counts as strong as the weakest of its probes that are real", () => {
  const one = { id: "a", group: "files" as const, threat: "t", says: "", control: true, domain: false, elapsedMs: 1 };
  const threats = threatsOf([
    { ...one, layers: ["seccomp", "mount", "caps"] },
    { ...one, id: "b", layers: ["seccomp", "userns"] },
    { ...one, id: "c", control: false, layers: [] },
    { ...one, id: "d", group: "resources", threat: "r", layers: ["cgroup"] },
  ]);
  deepStrictEqual(threats, [{ threat: "t", probes: 2, layers: 2, needed: 2 }, { threat: "r", probes: 1, layers: 1, needed: 1 }]);
  strictEqual(layersMinOf(threats), 2);
});

test("docs/attack.md names every layer", () => {
  const text = readFileSync(new URL("../../docs/attack.md", import.meta.url), "utf8");
  for (const layer of LAYERS.filter(isJailLayer)) ok(text.includes(`\`${layer}\``), layer);
});
