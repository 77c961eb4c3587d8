import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CodedError } from "@crossguardian/kernel";
import { type HousePowers } from "../src/house-powers.ts";
import { type DomainEntry } from "../src/house-spec.ts";
import { ASIDE_LONGEST_MS, ASIDE_WEIGHT_PERCENT, makeStartsAside } from "../src/start-aside.ts";

const entryOf = (name: string, more: Partial<DomainEntry>): DomainEntry => ({
  name, kind: "plugin", chain: "A", standbyOf: null, port: 0, image: "i", entry: "e", role: name, config: "", volume: false, keySlot: null, network: "none",
  limits: { memoryBytes: 1, cpuQuotaPercent: null, pids: 1, tmpfsBytes: 1, tmpfsInodes: 1 },
  ...more,
});
const PLUGIN = entryOf("plugin-a", { port: 1 });
const STANDBY = entryOf("plugin-a-standby", { standbyOf: "plugin-a", port: 2 });
const OTHER_CHAIN = entryOf("plugin-b", { chain: "B", port: 3 });
const WITNESSES = [1, 2, 3].map((number) => entryOf(`witness-a-${String(number)}`, { kind: "witness", port: 10 + number }));
const [WITNESS] = WITNESSES as [DomainEntry, ...DomainEntry[]];
const DOMAINS = [PLUGIN, STANDBY, OTHER_CHAIN, ...WITNESSES];

const houseWith = ({ admitted, active = [], driver = "oci", fails = false }: { readonly admitted: readonly DomainEntry[]; readonly active?: readonly DomainEntry[]; readonly driver?: "oci" | "vm"; readonly fails?: boolean }) => {
  const weights: unknown[] = [];
  const records: string[] = [];
  const timers = new Set<() => void>();
  const setResources = async ({ name }: { readonly name: string }, { cpuWeightPercent }: { readonly cpuWeightPercent?: number }): Promise<void> => {
    if (fails) throw new CodedError("isolation.cgroup.create", { error: "EIO" });
    weights.push([name, cpuWeightPercent]);
  };
  const after = (delayMs: number, run: () => void) => {
    assert.equal(delayMs, ASIDE_LONGEST_MS);
    timers.add(run);
    return () => void timers.delete(run);
  };
  const powers: unknown = { driverOf: () => ({ setResources }), clock: { after }, record: (event: string) => void records.push(event) };
  const aside = makeStartsAside({
    spec: { domains: DOMAINS, driver, instance: "i" },
    powers: powers as Pick<HousePowers, "driverOf" | "clock" | "record">, // only what weighing touches is there
    isAdmitted: (name) => admitted.some((each) => each.name === name),
    isActive: (port) => active.some((each) => each.port === port),
  });
  return { aside, weights, records, timers };
};

describe("a domain that starts", () => {
  test("while the other instance of its role works has a tenth of the usual weight until it is admitted", async () => {
    const { aside, weights, timers } = houseWith({ admitted: [STANDBY, OTHER_CHAIN], active: [STANDBY, OTHER_CHAIN] });
    await aside.begin(PLUGIN);
    assert.deepEqual(weights, [["plugin-a", ASIDE_WEIGHT_PERCENT]]);
    aside.end("plugin-a");
    aside.end("plugin-a");
    assert.deepEqual(weights.slice(1), [["plugin-a", 100]]);
    assert.equal(timers.size, 0);
  });

  test("whose work nobody does has the usual weight: a standby that is not let in or not active does none, nor does another chain's plugin", async () => {
    for (const who of [{ admitted: [OTHER_CHAIN], active: [OTHER_CHAIN, STANDBY] }, { admitted: [OTHER_CHAIN, STANDBY], active: [OTHER_CHAIN] }]) {
      const { aside, weights } = houseWith(who);
      await aside.begin(PLUGIN);
      assert.deepEqual(weights, []);
    }
  });

  test("as a witness starts aside while all others of its chain are at work, and only then", async () => {
    const [, second, third] = WITNESSES as [DomainEntry, DomainEntry, DomainEntry];
    const whole = houseWith({ admitted: [second, third] });
    await whole.aside.begin(WITNESS);
    assert.deepEqual(whole.weights, [[WITNESS.name, ASIDE_WEIGHT_PERCENT]]);
    const half = houseWith({ admitted: [second] });
    await half.aside.begin(WITNESS);
    assert.deepEqual(half.weights, []);
  });

  test("aside is waited for as soon as a fellow of its kind and chain ends, and after some seconds in any case", async () => {
    const { aside, weights, timers } = houseWith({ admitted: [STANDBY, ...WITNESSES], active: [STANDBY] });
    await aside.begin(PLUGIN);
    aside.hurryOthersOf(OTHER_CHAIN);
    aside.hurryOthersOf(WITNESS);
    assert.equal(weights.length, 1);
    aside.hurryOthersOf(STANDBY);
    assert.deepEqual(weights.at(-1), ["plugin-a", 100]);
    await aside.begin(PLUGIN);
    for (const run of [...timers]) run();
    assert.deepEqual(weights.slice(2), [["plugin-a", ASIDE_WEIGHT_PERCENT], ["plugin-a", 100]]);
  });

  test("in a machine, or where the weight can not be set, starts as ever, and the latter is told", async () => {
    const machine = houseWith({ admitted: [STANDBY], active: [STANDBY], driver: "vm" });
    await machine.aside.begin(PLUGIN);
    assert.deepEqual([machine.weights, machine.records], [[], []]);
    const failing = houseWith({ admitted: [STANDBY], active: [STANDBY], fails: true });
    await failing.aside.begin(PLUGIN);
    assert.deepEqual(failing.records, ["domain.weightFailed"]);
  });
});
