import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FIRST_WORK_LONGEST_MS, makeFirstWork } from "../src/first-work.ts";
import { type DomainEntry } from "../src/house-spec.ts";

const entryOf = (name: string, port: number, standbyOf: string | null = null): DomainEntry => ({
  name, kind: "plugin", chain: "A", standbyOf, port, image: "i", entry: "e", role: name, config: "", volume: false, keySlot: null, network: "none",
  limits: { memoryBytes: 1, cpuQuotaPercent: null, pids: 1, tmpfsBytes: 1, tmpfsInodes: 1 },
});
const PLUGIN = entryOf("plugin-a", 1);
const STANDBY = entryOf("plugin-a-standby", 2, "plugin-a");
const WITNESS = entryOf("witness-a-1", 3);
const ROLE = PLUGIN.port;

const houseWith = (admitted: readonly DomainEntry[]) => {
  const there = new Set(admitted.map(({ name }) => name));
  const timers = new Map<() => void, number>();
  const firstWork = makeFirstWork({
    spec: { domains: [PLUGIN, STANDBY, WITNESS] },
    clock: {
      after: (delayMs, run) => {
        timers.set(run, delayMs);
        return () => void timers.delete(run);
      },
    },
    isAdmitted: (name) => there.has(name),
  });
  return { firstWork, there, timers };
};

/** Whether a wait is over by now. */
const isOver = async (wait: Promise<void>): Promise<boolean> => {
  const yet = Symbol("not yet");
  return (await Promise.race([wait, new Promise((resolve) => setImmediate(() => resolve(yet)))])) !== yet;
};

const TAKEN = { type: "active", number: STANDBY.port, role: ROLE, epoch: "2", instead: PLUGIN.port, why: "ended", atMs: 0 } as const;
const SERVED = { type: "served", number: STANDBY.port, role: ROLE, message: "observed", atMs: 0, afterMs: 0 } as const;

describe("what is left of a domain that ended", () => {
  test("stays until its standby has done its first work, whichever is heard first, the end or the takeover", async () => {
    for (const isHeardBefore of [true, false]) {
      const { firstWork, timers } = houseWith([STANDBY]);
      if (isHeardBefore) firstWork.heard(TAKEN);
      const wait = firstWork.awaitAfter(PLUGIN, !isHeardBefore);
      if (!isHeardBefore) firstWork.heard(TAKEN);
      assert.equal(await isOver(wait), false);
      firstWork.heard({ ...SERVED, role: WITNESS.port });
      assert.equal(await isOver(wait), false);
      firstWork.heard(SERVED);
      assert.equal(await isOver(wait), true);
      assert.equal(timers.size, 0);
    }
  });

  test("stays no longer than a while when the standby has nothing to say", async () => {
    const { firstWork, timers } = houseWith([STANDBY]);
    firstWork.heard(TAKEN);
    const wait = firstWork.awaitAfter(PLUGIN, false);
    assert.deepEqual([...timers.values()], [FIRST_WORK_LONGEST_MS]);
    for (const run of [...timers.keys()]) run();
    assert.equal(await isOver(wait), true);
    assert.equal(await isOver(firstWork.awaitAfter(STANDBY, false)), true);
  });

  test("is cleared away at once when nobody takes its place, when its standby has spoken already, and when it only stood by", async () => {
    assert.equal(await isOver(houseWith([]).firstWork.awaitAfter(PLUGIN, true)), true);
    assert.equal(await isOver(houseWith([STANDBY]).firstWork.awaitAfter(WITNESS, true)), true);
    assert.equal(await isOver(houseWith([PLUGIN]).firstWork.awaitAfter(STANDBY, false)), true);
    const { firstWork } = houseWith([STANDBY]);
    firstWork.heard(TAKEN);
    firstWork.heard(SERVED);
    assert.equal(await isOver(firstWork.awaitAfter(PLUGIN, false)), true);
  });

  test("waits no more when the standby ends too", async () => {
    const { firstWork, there } = houseWith([STANDBY]);
    const wait = firstWork.awaitAfter(PLUGIN, true);
    assert.equal(await isOver(wait), false);
    there.delete(STANDBY.name);
    await firstWork.awaitAfter(STANDBY, true);
    assert.equal(await isOver(wait), true);
  });
});
