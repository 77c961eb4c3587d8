import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { awaitSettled, type House, judgeWorld, orderHouse, type ReportedDomain, type Sent, sendAssets, STANDBY_KINDS, standbyName, type World } from "@crossguardian/world";

import { askWhenUp, missingPart, startTestWorld, until } from "./support/with-world.ts";

const SETTLE_MS = 60_000;
const REDUNDANT_MS = 30_000;
const PER_CASE = 4;
const LATE_MS = 5_000;

let world: World;
let end: () => Promise<void> = async () => undefined;
let sentSoFar = 0;

const house = (): House => {
  const found = world.houses.get("gateway-a");
  assert.ok(found !== undefined);
  return found;
};

const domainsOf = async (role: string): Promise<readonly ReportedDomain[]> =>
  (await house().domains()).filter(({ name }) => name === role || name === standbyName(role));

const pair = async (role: string): Promise<{ readonly active: ReportedDomain; readonly standby: ReportedDomain } | null> => {
  const domains = await domainsOf(role);
  const [active, standby] = [domains.find((each) => each.active), domains.find((each) => each.active !== true)];
  return active?.admitted === true && standby?.admitted === true ? { active, standby } : null;
};

const awaitPair = async (role: string): Promise<{ readonly active: ReportedDomain; readonly standby: ReportedDomain }> => {
  await until(`${role} and its standby`, REDUNDANT_MS, async () => (await pair(role)) !== null);
  const both = await pair(role);
  assert.ok(both !== null);
  return both;
};

const settleAll = async (): Promise<void> => {
  const sent: Sent[] = Array.from({ length: sentSoFar }, () => ({ chain: "", kind: "asset", transaction: "0x", sentAtMs: 0 }));
  await awaitSettled(world, sent, sentSoFar, SETTLE_MS, () => undefined);
  const { complaints, lost, duplicated, committed } = await judgeWorld(world);
  assert.deepEqual({ complaints, lost, duplicated, committed }, { complaints: [], lost: 0, duplicated: 0, committed: sentSoFar });
};

const underTransfers = async (act: () => Promise<void> | void): Promise<void> => {
  const sending = sendAssets(world, PER_CASE, () => undefined);
  await act();
  await sending;
  sentSoFar += PER_CASE;
};

const signal = (domain: ReportedDomain, what: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void => {
  assert.ok(domain.pid !== null);
  process.kill(domain.pid, what);
};

const takenOver = async (role: string, standby: ReportedDomain): Promise<void> =>
  until(`${standby.name} to take over`, LATE_MS, async () => (await domainsOf(role)).some(({ pid, active }) => pid === standby.pid && active === true));

describe("a standby", { skip: missingPart, timeout: 240_000 }, () => {
  before(async () => {
    ({ world, end } = await startTestWorld({ standby: STANDBY_KINDS }));
  });
  after(async () => end());

  for (const role of ["plugin-a", "interaction", "relay"]) {
    test(`takes the place of a killed ${role} as the process it was, nothing is lost or doubled, and there is a standby again`, async () => {
      const { active, standby } = await awaitPair(role);
      await underTransfers(() => signal(active, "SIGKILL"));
      await takenOver(role, standby);
      await settleAll();
      const again = await awaitPair(role);
      assert.equal(again.active.pid, standby.pid);
      assert.notEqual(again.standby.pid, active.pid);
    });
  }

  test("takes the place of an interaction domain that stands still; the one that stood still is ended and gets nothing back", async () => {
    const { active, standby } = await awaitPair("interaction");
    await underTransfers(() => signal(active, "SIGSTOP"));
    await takenOver("interaction", standby);
    await settleAll();
    const again = await awaitPair("interaction");
    assert.equal(again.active.pid, standby.pid);
    assert.throws(() => signal(active, "SIGCONT"));
  });

  test("is not touched when management is killed: the new one takes over what runs, within three seconds, while transfers go on", async () => {
    const before = await house().domains();
    const settled = underTransfers(() => house().kill("management"));
    const killed = performance.now();
    await askWhenUp(house(), "management", "status");
    await askWhenUp(house(), "interaction", "status");
    assert.ok(performance.now() - killed < 3_000, `management was back after ${performance.now() - killed} ms`);
    await settled;
    await settleAll();
    const afterwards = await house().domains();
    const pidsOf = (domains: readonly ReportedDomain[]): readonly string[] => domains.filter(({ kind }) => kind !== "management").map(({ name, pid, active }) => `${name} ${String(pid)} ${String(active)}`);
    assert.deepEqual(pidsOf(afterwards), pidsOf(before));
    await awaitPair("interaction");
  });

  test("is promoted by an operator's order, and a quarantined, frozen and released domain works again", async () => {
    const { active, standby } = await awaitPair("plugin-a");
    const order = async (domain: string, action: string): Promise<void> => {
      await orderHouse(world, house(), { operator: "operator", action, resource: domain, reason: "test" });
    };
    await underTransfers(() => order(active.name, "promote"));
    await takenOver("plugin-a", standby);
    await settleAll();
    await awaitPair("plugin-a");
    const alone = "witness-a-1";
    for (const step of ["quarantine", "freeze"]) await order(alone, step);
    await until("the hold", LATE_MS, async () => (await house().domains()).some(({ name, held }) => name === alone && held?.length === 2));
    for (const step of ["thaw", "release"]) await order(alone, step);
    await until("the release", LATE_MS, async () => (await house().domains()).some(({ name, held }) => name === alone && held?.length === 0));
    const responses = (await house().ask("management", "responses", "")) as readonly { readonly step: string; readonly outcome: string; readonly tookMs: number | null }[];
    const quarantine = responses.find(({ step, outcome }) => step === "quarantine" && outcome === "done");
    assert.ok(quarantine?.tookMs !== null && quarantine !== undefined);
    await underTransfers(() => undefined);
    await settleAll();
  });
});
