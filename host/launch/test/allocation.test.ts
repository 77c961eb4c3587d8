import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ResourceChange } from "@crossguardian/isolation";
import { CodedError } from "@crossguardian/kernel";
import { allocate } from "../src/allocate.ts";
import { openAllocations } from "../src/allocations.ts";
import { decodeAllocation } from "../src/decode-allocation.ts";
import { type DomainEntry } from "../src/house-spec.ts";
import { type HouseParts } from "../src/house-parts.ts";
import { type Member } from "../src/member.ts";

const unused = (): never => {
  throw new Error("nothing is written");
};
const MIB = 1024 * 1024;
const entryOf = (name: string, kind: DomainEntry["kind"]): DomainEntry => ({
  name, kind, chain: null, standbyOf: null, port: kind === "management" ? 0 : 3, image: "i", entry: "e", role: name, config: "", volume: false, keySlot: null, network: "none",
  limits: { memoryBytes: 256 * MIB, cpuQuotaPercent: 50, pids: 32, tmpfsBytes: 1, tmpfsInodes: 1 },
});

const houseWith = (physicalBytes: number, fails: (change: ResourceChange) => boolean = () => false) => {
  const entry = entryOf("plugin-a", "plugin");
  const applied: ResourceChange[] = [];
  const rates: unknown[] = [];
  let stored: string | null = null;
  const store = { read: () => stored, write: (text: string) => void (stored = text) };
  const allocations = openAllocations(store);
  const setResources = async (_domain: unknown, change: ResourceChange): Promise<void> => {
    applied.push(change);
    if (fails(change)) throw new CodedError("isolation.resource.unsupported", { domain: entry.name });
  };
  // Only what allocate touches is there.
  const parts = {
    spec: { domains: [entry], production: true }, allocations,
    powers: { driverOf: () => ({ setResources }), cpuClasses: () => ({ all: [0, 1], big: [1], little: [0] }), machineMemory: () => ({ physicalBytes, promisedBytes: [] }) },
    ports: { setRate: (...rate: unknown[]) => void rates.push(rate) },
  } as unknown as HouseParts;
  const member = { entry, running: { name: entry.name, instance: "i", isolation: "oci" }, group: null } as unknown as Member;
  const order = (change: unknown, lends = false) => allocate(parts, member, { type: "allocate", name: entry.name, epoch: "1", change, lends });
  return { entry, parts, order, applied, rates, store, allocations };
};

describe("the allocation of a domain", () => {
  test("is changed, kept, and in force when the house is started again", async () => {
    const { order, applied, rates, store, entry } = houseWith(1_024 * MIB);
    await order({ cpuPercent: 80, memoryBytes: 512 * MIB, cpus: "little", bytesPerS: 8 * MIB });
    await order({ pids: 64 });
    assert.deepEqual(applied, [{ cpuQuotaPercent: 80, memoryBytes: 512 * MIB, cpus: "0" }, { pids: 64 }]);
    assert.deepEqual(rates.at(-1), [3, { framesPerS: null, bytesPerS: 8 * MIB }]);
    const { limits } = openAllocations(store).effective(entry);
    assert.deepEqual([limits.cpuQuotaPercent, limits.memoryBytes, limits.pids], [80, 512 * MIB, 64]);
  });

  test("above the over-commit bound of memory or cpu is refused, and nothing is changed", async () => {
    const { order, applied, store } = houseWith(256 * MIB);
    await assert.rejects(order({ memoryBytes: 257 * MIB }), { code: "launch.memory.overcommitted" });
    await assert.rejects(order({ cpuPercent: 801 }), { code: "launch.cpu.overcommitted" });
    await assert.rejects(order({ cpuMostPercent: 801 }), { code: "launch.cpu.overcommitted" });
    assert.deepEqual([applied, store.read()], [[], null]);
  });

  test("that driver or host does not enforce is taken back and not kept", async () => {
    const { order, applied, store } = houseWith(1_024 * MIB, ({ cpus }) => cpus === "1");
    await assert.rejects(order({ cpuPercent: 60, cpus: "big" }), { code: "isolation.resource.unsupported" });
    assert.deepEqual(applied, [{ cpuQuotaPercent: 60, cpus: "1" }, { cpuQuotaPercent: 50, cpus: null }]);
    assert.equal(store.read(), null);
  });

  test("of management is not management's to change; lent cpu is bounded and not kept", async () => {
    const { parts, order, store } = houseWith(1_024 * MIB);
    const management = { entry: entryOf("management", "management"), running: null, group: { set: unused } } as unknown as Member;
    await assert.rejects(allocate(parts, management, { type: "allocate", name: "management", epoch: "1", change: { memoryBytes: 512 * MIB }, lends: false }), { code: "launch.allocation.own" });
    await order({ cpuMostPercent: 75 });
    const before = store.read();
    await order({ cpuPercent: 75 }, true);
    await assert.rejects(order({ cpuPercent: 76 }, true), { code: "launch.allocation.invalid" });
    await assert.rejects(order({ memoryBytes: 64 * MIB }, true), { code: "launch.allocation.invalid" });
    assert.equal(store.read(), before);
  });

  test("has known fields within their bounds only, and a damaged file opens nothing", () => {
    for (const wrong of [null, [], { cpu: 5 }, { cpuPercent: 4 }, { cpuPercent: 5.5 }, { memoryBytes: null }, { cpus: "0-" }, { cpus: "9999" }, { bytesPerS: 1 }, { framesPerS: "9" }, { __proto__: null, toString: 1 }]) {
      assert.throws(() => decodeAllocation(wrong), { code: "launch.allocation.invalid" }, JSON.stringify(wrong));
    }
    assert.throws(() => openAllocations({ read: () => '{"whitelist":false', write: unused }), { code: "launch.allocation.stored" });
    assert.throws(() => openAllocations({ read: () => '{"whitelist":false,"domains":{"a":{"cpuPercent":1}}}', write: unused }), { code: "launch.allocation.stored" });
  });
});
