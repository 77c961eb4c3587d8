import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";

import { BENCH_TOPOLOGY, chainsOf, headOf, type HouseSpec, judgeWorld, readTransferEvents, transferKey, type World } from "@crossguardian/world";

import { contractsOf, lockCall, rpcOf, userOn, wrappedBalance } from "../test/support/calls.ts";
import { awaitOutcome, STATUS } from "../test/support/outcome.ts";
import { missingPart, startTestWorld } from "../test/support/with-world.ts";
import { assertHarmless, attackIn } from "./support/attack-in.ts";
import { bootDom0, type Dom0, makeXen, missingXen } from "./support/boot-dom0.ts";
import { awaitHouse, type DomainInDom0, flowsInDom0, portsOf, specInDom0, startInDom0, stopInDom0, wordsInDom0 } from "./support/house-in-dom0.ts";

// Small, and whole: two chains, two gateways, a relay chain whose validators must both sign, header witnesses that must both agree.
const TOPOLOGY = { ...BENCH_TOPOLOGY, validators: 2, threshold: 2, witnesses: 2, quorum: 2, standby: [] } as const;
const GATEWAY = "gateway-a";
/** Ports of this machine that gateway A reaches: the chain, two for witnesses, the orderer. */
const FORWARDS = 2 + TOPOLOGY.witnesses;
const AMOUNT = 7n * 10n ** 18n;
const RECEIVER = `0x${"5e".repeat(20)}` as const;

/** Seconds between blocks of chain A once gateway A is in Dom0, where each block costs every one of its domains some of an emulated processor. */
const BLOCK_S = 4;
const RETRY_MS = 15_000;

const BOOT_MS = 600_000;
const ADMIT_MS = 1_200_000;
const SETTLE_MS = 600_000;
const STEP_MS = 300_000;
const ATTACK_MS = 900_000;
const MS_PER_SECOND = 1_000;
const skip = missingPart !== false ? missingPart : missingXen();

const startedAt = performance.now();
const say = (what: string): void => console.log(`${((performance.now() - startedAt) / MS_PER_SECOND).toFixed(1).padStart(7)} s  ${what}`);

suite("a gateway whose business domains are DomUs of a real Xen, in QEMU", { skip, timeout: 3_600_000 }, () => {
  let world: World;
  let end: () => Promise<void> = async () => undefined;
  let dom0: Dom0;
  let booting: Promise<Dom0> | undefined;
  let spec: HouseSpec;
  let domains: readonly DomainInDom0[];

  before(async () => {
    makeXen();
    say("Xen, Dom0 and DomUs are made");
    booting = bootDom0("house", FORWARDS, BOOT_MS).then((booted) => {
      say("Xen and Dom0 are up");
      return booted;
    });
    booting.catch(() => undefined);
    ({ world, end } = await startTestWorld({ topology: TOPOLOGY, retryMs: RETRY_MS }));
    await world.houses.get(GATEWAY)?.stop();
    await rpcOf(world, "A").call("evm_setIntervalMining", [BLOCK_S]);
    say("chains, relay chain and gateway B run on this machine; gateway A has been stopped here");
    dom0 = await booting;
    dom0.forward(portsOf(world, GATEWAY));
    spec = specInDom0(world, GATEWAY);
    await startInDom0(dom0, world, spec);
    domains = await awaitHouse(dom0, spec, ADMIT_MS, say);
    say("every domain of gateway A is admitted in Dom0");
  });
  after(async () => {
    await booting?.then(async ({ stop }) => stop(), () => undefined);
    await end();
  });

  test("appchain, interaction and relay are three DomUs without a network, and what they offer only Dom0 may map", async () => {
    const business = domains.filter(({ kind }) => ["plugin", "witness", "interaction", "relay"].includes(kind));
    assert.equal(business.length, 5, JSON.stringify(domains));
    assert.ok(business.every(({ driver }) => driver === "xen"), JSON.stringify(domains));
    const { output } = await dom0.run(OFFERS, STEP_MS);
    const guests = [...output.matchAll(/^D (\d+) (\S+) vif=(\d+) offers (.*)$/gmu)].map(([, id = "", name = "", vif = "", offers = ""]) => ({ id, name, vif, offers: offers.trim().split(" ") }));
    assert.deepEqual(guests.map(({ name }) => name.replace(`cg.${spec.instance}.`, "")).sort(), ["appchain-machine", "interaction", "relay"], output);
    for (const { id, vif, offers } of guests) {
      assert.equal(vif, "0", output);
      // The owner, for whom "n" means that all others have nothing, and Dom0, which may read.
      assert.deepEqual([...new Set(offers)], [`(n${id},r0)`], output);
    }
  });

  test("a transfer crosses them over Dom0's switch and is settled on both chains under its id", async () => {
    const before = await flowsInDom0(dom0, spec);
    const [lock] = await userOn(world, "A", 1).run([lockCall(world, "A", "C", { receiver: RECEIVER, amount: AMOUNT, timeoutMs: BigInt(SETTLE_MS) })]);
    assert.ok(lock);
    say("a transfer is requested on chain A");
    const outcome = await awaitOutcome(world, lock.transactionHash, SETTLE_MS).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await wordsInDom0(dom0, spec)}`);
    });
    const id = transferKey(outcome.request);
    say(`transfer ${id} is settled on chain A`);
    const seen = await Promise.all(chainsOf(TOPOLOGY).map(async (chain) => {
      const events = await readTransferEvents(rpcOf(world, chain), contractsOf(world, chain).gateway, 0n, await headOf(rpcOf(world, chain)));
      return events.map((event) => `${event.event} ${transferKey(event)} ${String(event.status)}`);
    }));
    assert.deepEqual(seen.map((events) => events.filter((each) => !each.startsWith("Request"))), [[`Settled ${id} ${String(STATUS.success)}`], [`Receipt ${id} ${String(STATUS.success)}`]]);
    assert.equal(await wrappedBalance(world, "C", "A", RECEIVER), AMOUNT);
    const verdict = await judgeWorld(world);
    assert.deepEqual([verdict.complaints, verdict.lost, verdict.duplicated], [[], 0, 0]);
    const passed = await flowsInDom0(dom0, spec);
    for (const flow of ["plugin-a interaction", "interaction plugin-a", "interaction relay", "relay interaction"]) {
      assert.ok((passed.get(flow) ?? 0) > (before.get(flow) ?? 0), `${flow}: ${JSON.stringify([...passed])}`);
    }
    assert.ok(!passed.has("plugin-a relay") && !passed.has("relay plugin-a"), JSON.stringify([...passed]));
  });

  test("a hostile DomU reaches nothing of another one: not its grants, event channels, xenstore or a network, and its tries at xenstore are on record", async () => {
    const attack = await attackIn(dom0, `cg.${spec.instance}.interaction`, ATTACK_MS);
    say("a hostile DomU has tried to reach the interaction domain's");
    assertHarmless(attack);
  });

  test("a stopped house leaves no DomU", async () => {
    await stopInDom0(dom0, spec);
    say("the house in Dom0 has been stopped");
    assert.ok(!(await dom0.run("xl list", STEP_MS)).output.includes("cg."));
  });
});

/** Per DomU: its id, name, network devices, and who may see the grants and event channels it offers. */
const OFFERS = `
for d in $(xenstore-list /local/domain); do
  [ "$d" != 0 ] || continue
  echo "D $d $(xenstore-read /local/domain/$d/name) vif=$(xenstore-list /local/domain/$d/device/vif 2>/dev/null | wc -l) offers $(xenstore-ls -p /local/domain/$d/data/vchan | grep -E 'ring-ref|event-channel' | grep -o '([^)]*)' | tr '\\n' ' ')"
done
xl list
`;
