import assert from "node:assert/strict";
import { after, test } from "node:test";

import { awaitSettled, BENCH_TOPOLOGY, judgeWorld, type Sent, sendAssets, type Topology, type World } from "@crossguardian/world";
import { type Hex } from "viem";

import { homeBalance, lockCall, userOn, wrappedBalance } from "./support/calls.ts";
import { logged } from "./support/domain-logs.ts";
import { makeOtherTree, type OtherTree } from "./support/hostile-tree.ts";
import { awaitOutcome, outcomeNow, STATUS } from "./support/outcome.ts";
import { rampage } from "./support/rampage.ts";
import { askWhenUp, missingPart, startTestWorld, until } from "./support/with-world.ts";

const TOPOLOGY: Topology = { ...BENCH_TOPOLOGY, standby: [], gateways: [{ name: "gateway-a", chains: ["A", "B"] }, { name: "gateway-b", chains: ["C"] }] };
const SETTLE_MS = 60_000;
const SAID_MS = 20_000;
const LONG_MS = 120_000n;
const RECEIVER: Hex = `0x${"ba".repeat(20)}`;
const WANTED = 1_234_567_890_123n;
/** `e2e/nightly/compromised-plugin.test.ts` gives it a minute. */
const RAMPAGE_MS = 6_000;
/** What `sendAssets` locks each time. */
const LOAD_AMOUNT = 10n ** 18n;
const FORGED = 9_999_999_999_999_999n;

let world: World;
let tree: OtherTree | null = null;
let end: () => Promise<void> = async () => undefined;

const word = (value: bigint): string => value.toString(16).padStart(64, "0");

const attack = async (what: string): Promise<unknown> => {
  const house = world.houses.get("gateway-a");
  assert.ok(house);
  return ((await askWhenUp(house, "plugin-a", "attack", what)) as { readonly outcome: unknown }).outcome;
};
/** For attacks that end the attacker: the answer may never come, and it must not be tried again. */
const attackAndEnd = async (what: string): Promise<void> => {
  await world.houses.get("gateway-a")?.ask("plugin-a", "attack", what).catch(() => undefined);
};
const restartsOf = async (domain: string): Promise<number> =>
  (await world.houses.get("gateway-a")?.domains())?.find(({ name }) => name === domain)?.restarts ?? 0;
const pidOf = async (house: string, domain: string): Promise<number> =>
  (await world.houses.get(house)?.domains())?.find(({ name }) => name === domain)?.pid ?? 0;

/** How often the switch reported a refusal of plugin-a's frames. */
const refusedBySwitch = (code: string): number =>
  logged(world, "gateway-a", "management", "port.event")
    .filter((line) => line["name"] === "plugin-a" && line["what"] === code)
    .reduce((most, line) => Math.max(most, Number(line["count"])), 0);
const saidByInteraction = (event: string): boolean => logged(world, "gateway-a", "interaction", event).some((line) => line["chain"] === "A");

const portsOfGatewayA = (): string => (world.houses.get("gateway-a")?.spec.domains ?? []).map(({ name, port }) => `${name}=${port}`).join(" ");

const othersGoOn = async (): Promise<void> => {
  const [lock] = await userOn(world, "B", 1).run([lockCall(world, "B", "C", { receiver: RECEIVER, amount: 1n, timeoutMs: LONG_MS })]);
  await awaitOutcome(world, lock?.transactionHash ?? "", SETTLE_MS);
};
const nothingWrong = async (): Promise<void> => {
  const verdict = await judgeWorld(world);
  assert.deepEqual([verdict.complaints, verdict.duplicated, verdict.lost], [[], 0, 0]);
};
const restarted = async (domain: string, before: number): Promise<void> => {
  await until(`${domain} to be started again`, SAID_MS, async () => (await restartsOf(domain)) > before);
  await askWhenUp(world.houses.get("gateway-a") as never, domain, "attack", "look"); // the house of `restartsOf`
};

test("a plugin taken over by an attacker", { skip: missingPart, timeout: 300_000 }, async (t) => {
  tree = await makeOtherTree({ "plugins/evm/src/main.ts": new URL("./fixture/hostile-appchain.ts", import.meta.url) });
  ({ world, end } = await startTestWorld({ topology: TOPOLOGY, tree, detection: "report" }));
  const sent: Sent[] = [];
  await sendAssets(world, 4, (one) => sent.push(one));
  await awaitSettled(world, sent, 4, SETTLE_MS, () => undefined);

  await t.test("data leakage: sees no file, key, environment or process of another domain", async () => {
    const seen = (await attack("look")) as { readonly environment: readonly string[]; readonly root: readonly string[]; readonly processes: readonly string[] };
    assert.deepEqual(seen.processes, []);
    assert.deepEqual(seen.environment.filter((name) => !/^(CG_(APP|NAME|ROLE|EPOCH|KEY)|NODE_COMPILE_CACHE|HOME|HOSTNAME|LANG|LC_ALL|PATH|TZ)$/u.test(name)), []);
    assert.ok(!seen.root.includes("data"), seen.root.join());
    const { dataDir, runDir, stateDir } = world.terms;
    const victims = [
      world.slots.pathOf("interaction-gateway-a"),
      world.slots.pathOf("plugin-b"),
      world.slots.pathOf("validator-1"),
      `${dataDir}/gateway-a/house.json`,
      `${dataDir}/gateway-a/volumes/interaction`,
      `${dataDir}/gateway-a/logs/interaction.jsonl`,
      `${runDir}/gateway-a/control.sock`,
      `${stateDir}/images`,
      `/proc/${await pidOf("gateway-a", "interaction")}/environ`,
      `/proc/${await pidOf("gateway-a", "interaction")}/root/key`,
      "/etc/shadow",
      "/etc/hostname",
    ];
    for (const path of victims) assert.match(String(await attack(`read ${path}`)), /^(ENOENT|EACCES|EPERM)$/u, path);
    for (const path of ["/app/plugins/evm/src/main.ts", "/node", "/key", "/etc/passwd", "/proc/sys/kernel/core_pattern"]) {
      assert.match(String(await attack(`write ${path}`)), /^(ENOENT|EACCES|EPERM|EROFS)$/u, path);
    }
  });

  await t.test("unauthorized access: opens no socket, starts no program, signals no process", async () => {
    const { port } = new URL(world.chains.get("B")?.url ?? "");
    const tried = (await attack(`sockets 127.0.0.1 ${port} ${world.terms.runDir}/gateway-a/control.sock`)) as Readonly<Record<string, string>>;
    for (const [what, outcome] of Object.entries(tried)) {
      if (what === "signal") continue;
      assert.ok(!["done", "silence"].includes(outcome), `${what}: ${outcome}`);
    }
    assert.match(tried["tcp"] ?? "", /^(EPERM|EACCES)$/u);
    await othersGoOn();
  });

  await t.test("unauthorized access: reaches no endpoint but its own", async () => {
    for (const name of ["orderer", "A-1", "127.0.0.1:80", "", "rpc "]) {
      assert.equal(await attack(`endpoint ${name}`), "network.endpoint.notListed", name);
    }
    await until("the network domain to report the endpoints", SAID_MS, async () =>
      logged(world, "gateway-a", "network", "network.refused").filter((line) => line["domain"] === "plugin-a" && line["code"] === "network.endpoint.notListed").length >= 5,
    );
    assert.equal(await attack("endpoint rpc"), "done");
  });

  await t.test("inter-chain attack propagation: no frame reaches the relay domain, another plugin, a witness, or goes in another's name", async () => {
    const before = refusedBySwitch("switch.flow.denied");
    const count = Number(await attack(`forbidden ${portsOfGatewayA()}`));
    assert.ok(count > 15, String(count));
    await until("the switch to report every forbidden frame", SAID_MS, async () => refusedBySwitch("switch.flow.denied") >= before + count);
    assert.equal(await attack("spoof B"), true);
    await until("the switch to report a frame about another chain", SAID_MS, async () => refusedBySwitch("switch.chain.foreign") > 0);
    await othersGoOn();
  });

  await t.test("unauthorized access: malformed, oversize and torn frames end at the switch", async () => {
    assert.equal(await attack("malformed"), true);
    await until("the switch to report a malformed message", SAID_MS, async () => refusedBySwitch("switch.message.malformed") > 0);
    await attack("flood 2000");
    await othersGoOn();
    for (const [how, code] of [["oversize", "wire.frame.oversize"], ["torn", "wire.frame.magic"]] as const) {
      const before = await restartsOf("plugin-a");
      await attackAndEnd(how);
      await until(`the switch to report ${code}`, SAID_MS, async () => refusedBySwitch(code) > 0);
      await restarted("plugin-a", before);
    }
    const before = await restartsOf("plugin-a");
    await attackAndEnd("disguise interaction");
    await until("management to refuse the false name", SAID_MS, async () =>
      logged(world, "gateway-a", "management", "domain.refused").some((line) => line["name"] === "plugin-a" && String(line["why"]).includes("name")),
    );
    await restarted("plugin-a", before);
  });

  await t.test("security downgrade: a request forged in a block of its own is refused, and the true one completes", async () => {
    await attack(`forge ${word(WANTED)} ${word(FORGED)}`);
    const [lock] = await userOn(world, "A", 1).run([lockCall(world, "A", "C", { receiver: RECEIVER, amount: WANTED, timeoutMs: LONG_MS })]);
    assert.ok(lock);
    await until("the interaction domain to refuse the forged block", SAID_MS, async () => saidByInteraction("interaction.observed.forged"));
    await attack(`forge ${word(WANTED)} ${word(FORGED)} keep`);
    await until("the interaction domain to refuse a changed receipt", SAID_MS, async () => saidByInteraction("interaction.observed.evidence"));
    await othersGoOn();
    assert.deepEqual((await outcomeNow(world, lock.transactionHash))?.receipts, []);
    assert.ok(Number(await attack("forge")) >= 2);
    const { settled } = await awaitOutcome(world, lock.transactionHash, SETTLE_MS);
    assert.deepEqual(settled.map((each) => each.status), [STATUS.success]);
    assert.equal(await wrappedBalance(world, "C", "A", RECEIVER), WANTED);
    await nothingWrong();
  });

  await t.test("security downgrade: a forged receipt rolls nothing back that was executed", async () => {
    const offset = word(0x80n);
    const forgeries = logged(world, "gateway-a", "interaction", "interaction.observed.forged").length;
    await attack(`forge ${word(BigInt(STATUS.success))}${offset} ${word(BigInt(STATUS.failure))}${offset}`);
    const user = userOn(world, "C", 1);
    const before = await homeBalance(world, "C", user.address);
    const [lock] = await user.run([lockCall(world, "C", "A", { receiver: RECEIVER, amount: WANTED, timeoutMs: LONG_MS })]);
    assert.ok(lock);
    await until("the interaction domain to refuse the forged receipt", SETTLE_MS, async () =>
      logged(world, "gateway-a", "interaction", "interaction.observed.forged").length > forgeries,
    );
    assert.equal(await wrappedBalance(world, "A", "C", RECEIVER), WANTED);
    await attack("forge");
    const { settled } = await awaitOutcome(world, lock.transactionHash, SETTLE_MS);
    assert.deepEqual(settled.map((each) => each.status), [STATUS.success]);
    assert.equal(await homeBalance(world, "C", user.address), before - WANTED);
    await nothingWrong();
  });

  await t.test("all four: everything it can do, one thing after the other under load, mints nothing, loses nothing, and stops nobody else", async () => {
    const [{ answered }] = await Promise.all([rampage(world, RAMPAGE_MS, LOAD_AMOUNT), sendAssets(world, 8, () => undefined), othersGoOn()]);
    assert.ok(answered > 0);
    await attack("forge");
    await until("everything to be settled", SETTLE_MS, async () => (await judgeWorld(world)).lost === 0);
    await nothingWrong();
  });
});

after(async () => {
  await end();
  tree?.remove();
});
