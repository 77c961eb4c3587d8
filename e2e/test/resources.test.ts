import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import { after, before, describe, test } from "node:test";

import { CodedError } from "@crossguardian/kernel";
import { askHouse, auditRecords, awaitSettled, judgeWorld, orderHouse, readAudit, sendAssets, type Sent, type World } from "@crossguardian/world";

import { missingPart, startTestWorld, until } from "./support/with-world.ts";

const HOUSE = "gateway-a";
const MIB = 1024 * 1024;
const SETTLE_MS = 90_000;

let world: World;
let end: () => Promise<void> = async () => undefined;

const houseOf = () => world.houses.get(HOUSE)!;
const give = async (operator: string, action: string, resource: string, argument: unknown) =>
  orderHouse(world, houseOf(), { operator, action, resource, argument: typeof argument === "string" ? argument : JSON.stringify(argument), reason: "test" });
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(() => "done", (error: unknown) => {
    if (error instanceof CodedError) return error.code;
    throw error;
  });
const set = async (resource: string, change: object): Promise<string> => codeOf(give("operator", "setResources", resource, change));
const domain = async (name: string) => (await houseOf().domains()).find((each) => each.name === name);
const coresOf = (pid: number): string => /^Cpus_allowed_list:\s*(\S+)/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
const watch = async (): Promise<{ readonly whitelisting: boolean; readonly domains: readonly { readonly name: string; readonly refusals: Readonly<Record<string, string>>; readonly point: { readonly cpuQuotaPercent: number } }[] }> =>
  JSON.parse((await askHouse<{ answer: string }>(houseOf().spec.runDir, { cmd: "ask", domain: "management", command: "watch", argument: "" })).answer) as never; // written by management

describe("what management changes while a gateway runs", { skip: missingPart, timeout: 300_000 }, () => {
  before(async () => {
    ({ world, end } = await startTestWorld());
  });
  after(async () => end());

  test("a running domain gets other bounds, keeps them when it is started again, and no more than the machine has", async () => {
    const witness = "witness-a-1";
    assert.equal(await set(witness, { memoryBytes: 224 * MIB, cpuPercent: 70, cpus: "0", bytesPerS: 64 * MIB }), "done");
    const { pid, facts } = (await domain(witness)) ?? {};
    assert.equal(facts?.memoryLimitBytes, 224 * MIB);
    assert.equal(coresOf(pid ?? 0), "0");
    await until("top to show the quota", 30_000, async () => (await watch()).domains.find(({ name }) => name === witness)?.point.cpuQuotaPercent === 70);
    process.kill(pid ?? 0, "SIGKILL");
    await until("the domain to be back", 60_000, async () => {
      const next = await domain(witness);
      return next?.admitted === true && next.pid !== pid;
    });
    const again = await domain(witness);
    assert.equal(again?.facts?.memoryLimitBytes, 224 * MIB);
    assert.equal(coresOf(again?.pid ?? 0), "0");
    assert.equal(await set(witness, { cpuPercent: availableParallelism() * 400 + 1 }), "launch.cpu.overcommitted");
    assert.equal(await set("management", { memoryBytes: 512 * MIB }), "access.order.denied");
    assert.equal(await set(witness, { ioWriteBytesPerS: MIB }), "isolation.resource.unsupported");
    assert.equal(await codeOf(give("viewer", "setResources", witness, { pids: 64 })), "access.order.denied");
    assert.equal(await set(witness, { cpuPercent: null, cpus: "all", bytesPerS: null }), "done");
    const records = auditRecords(await readAudit(world.crypto, { house: HOUSE, instance: houseOf().spec.instance, dataDir: houseOf().spec.dataDir, worldDir: world.terms.dataDir })).map(({ who, action, decision }) => `${who} ${action} ${decision}`);
    for (const wanted of ["operator setResources done", "operator setResources failed", "viewer setResources deny"]) assert.ok(records.includes(wanted), wanted);
  });

  test("in whitelist mode transfers commit, everything else is refused and counted, also by a switch that is started anew, until an officer ends it", async () => {
    assert.equal(await codeOf(give("operator", "setWhitelist", "", "on")), "access.order.denied");
    assert.equal(await codeOf(give("officer-1", "setWhitelist", "", "on")), "done");
    const { pid } = (await domain("switch")) ?? {};
    process.kill(pid ?? 0, "SIGKILL");
    await until("another switch", 30_000, async () => {
      const next = await domain("switch");
      return next?.state === "running" && next.pid !== pid;
    });
    const sent: Sent[] = [];
    await sendAssets(world, 2, (each) => void sent.push(each));
    await awaitSettled(world, sent, 2, SETTLE_MS, () => undefined);
    const { lost, duplicated } = await judgeWorld(world);
    assert.deepEqual([lost, duplicated], [0, 0]);
    await until("a refusal to be counted", 30_000, async () => {
      const { whitelisting, domains } = await watch();
      return whitelisting && domains.some(({ refusals }) => Number(refusals["switch.flow.whitelist"] ?? "0") > 0);
    });
    assert.equal(await codeOf(give("officer-1", "setWhitelist", "", "off")), "done");
    assert.equal((await watch()).whitelisting, false);
  });
});
