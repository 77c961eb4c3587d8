import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";

import { BENCH_TOPOLOGY, chainsOf, headOf, type HouseSpec, judgeWorld, readTransferEvents, sendAssets, type Sent, transferKey, type World } from "@crossguardian/world";

import { awaitOutcome } from "../test/support/outcome.ts";
import { missingPart, startTestWorld } from "../test/support/with-world.ts";
import { bootDom0, type Dom0, makeXen, missingXen } from "./support/boot-dom0.ts";
import { domainsInDom0, portsOf, specInDom0, startInDom0, wordsInDom0 } from "./support/house-in-dom0.ts";

const GATEWAY = "gateway-a";
const BOOT_MS = 600_000;
const ADMIT_MS = 1_200_000;
const SETTLE_MS = 600_000;
const ORDER_MS = 300_000;
const MS_PER_SECOND = 1_000;
const POLL_MS = 2_000;
const skip = missingPart !== false ? missingPart : missingXen();

// Small, and whole: two chains, two gateways, a relay chain whose validators must both sign, header witnesses that must both agree.
const TOPOLOGY = { ...BENCH_TOPOLOGY, validators: 2, threshold: 2, witnesses: 2, quorum: 2, standby: [] } as const;

const startedAt = performance.now();
const say = (what: string): void => console.log(`${((performance.now() - startedAt) / MS_PER_SECOND).toFixed(1).padStart(7)} s  ${what}`);

suite("a gateway's business domains as DomUs of Xen", { skip, timeout: 3_600_000 }, () => {
  let world: World;
  let end: () => Promise<void> = async () => undefined;
  let dom0: Dom0;
  let spec: HouseSpec;
  let isUp = false;

  before(async () => {
    makeXen();
    say("Xen, Dom0 and DomUs are made");
    ({ world, end } = await startTestWorld({ topology: TOPOLOGY, depth: 1 }));
    say("chains, relay chain and both gateways run on this machine; gateway A moves");
    await world.houses.get(GATEWAY)?.stop();
    dom0 = await bootDom0(portsOf(world, GATEWAY), BOOT_MS);
    isUp = true;
    say("Xen and Dom0 are up");
    spec = specInDom0(world, GATEWAY);
    await startInDom0(dom0, world, spec);
    const until = performance.now() + ADMIT_MS;
    for (;;) {
      const domains = await domainsInDom0(dom0, spec);
      if (domains !== null && domains.length > 1 && domains.every(({ admitted }) => admitted)) break;
      if (performance.now() > until) throw new Error(`the house in Dom0 is not up: ${JSON.stringify(domains?.map(({ name, state, admitted }) => [name, state, admitted]))}\n${await wordsInDom0(dom0, spec)}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    say("every domain of gateway A is admitted in Dom0");
  });
  after(async () => {
    if (isUp) await dom0.stop();
    await end();
  });

  test("appchain, interaction and relay are three DomUs without a network, whose channels Dom0 alone may map", async () => {
    const domains = await domainsInDom0(dom0, spec);
    const business = domains?.filter(({ kind }) => ["plugin", "witness", "interaction", "relay"].includes(kind)) ?? [];
    assert.ok(business.length >= 4 && business.every(({ driver }) => driver === "xen"), JSON.stringify(domains));
    const { output } = await dom0.run("xl list; for d in $(xenstore-list /local/domain | grep -v '^0$'); do echo \"D $d $(xenstore-ls -p /local/domain/$d/data/vchan | grep ring-ref | grep -o '(.*)' | sort -u | tr '\\n' ' ') vif=$(xenstore-list /local/domain/$d/device 2>/dev/null | grep -c vif)\"; done", ORDER_MS);
    assert.equal([...output.matchAll(/^cg\./gmu)].length, 3, output);
    const lines = [...output.matchAll(/^D (\d+) (.*) vif=(\d+)$/gmu)];
    assert.equal(lines.length, 3, output);
    for (const [line, id, permissions, devices] of lines) {
      assert.equal(devices, "0", line);
      // The owner, whom everybody else but Dom0 meets with "none"; Dom0 may read.
      assert.match(String(permissions), new RegExp(`^\\(n${String(id)},r0\\) ?$`, "u"), output);
    }
  });

  test("a transfer crosses them and is settled on both chains under its id", async () => {
    const sent: Sent[] = [];
    await sendAssets(world, 1, (one) => sent.push(one));
    const [one] = sent;
    assert.ok(one !== undefined && one.chain === "A");
    say("a transfer is sent on chain A");
    await awaitOutcome(world, one.transaction, SETTLE_MS).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await wordsInDom0(dom0, spec)}`);
    });
    say("it is settled");
    const keys = await Promise.all(chainsOf(TOPOLOGY).map(async (chain) => {
      const rpc = world.rpcs.get(chain);
      const deployment = world.deployments.get(chain);
      assert.ok(rpc !== undefined && deployment !== undefined);
      return (await readTransferEvents(rpc, deployment.gateway, 0n, await headOf(rpc))).map((event) => [event.event, transferKey(event)] as const);
    }));
    const id = keys[0]?.find(([event]) => event === "Request")?.[1];
    assert.ok(keys[0]?.some(([event, key]) => event === "Settled" && key === id), JSON.stringify(keys));
    assert.ok(keys[1]?.some(([event, key]) => event === "Receipt" && key === id), JSON.stringify(keys));
    const verdict = await judgeWorld(world);
    assert.deepEqual([verdict.complaints, verdict.lost, verdict.duplicated], [[], 0, 0]);
  });

  test("a hostile DomU reaches nothing of another one: not its grants, event channels, xenstore or a network, and its tries at xenstore are on record", async () => {
    const { output } = await dom0.run(ATTACK, ORDER_MS * 2);
    say("a hostile DomU has tried");
    const lines = [...output.matchAll(/ATTACK (\w+) (\S+) (denied|DONE) (.*)$/gmu)].map(([, kind = "", what = "", verdict = "", why = ""]) => ({ kind, what, verdict, why }));
    const of = (kind: string): typeof lines => lines.filter((each) => each.kind === kind);
    // What shows that the tries were real: each way works where it is allowed.
    assert.deepEqual(of("control").map(({ what, verdict }) => `${what} ${verdict}`), ["own-xenstore DONE", "own-grant DONE", "own-event DONE"], output);
    for (const [kind, least] of [["xenstore", 10], ["grant", 2], ["event", 2], ["network", 3]] as const) {
      assert.ok(of(kind).length >= least, output);
      assert.deepEqual(of(kind).filter(({ verdict }) => verdict !== "denied"), [], output);
    }
    assert.ok(Number(/^RECORD (\d+)$/mu.exec(output)?.[1]) >= 5, output);
  });

  test("the driver tells that two DomUs could conspire on this Xen, and a production configuration is refused for it", async () => {
    const { output } = await dom0.run(CAPABILITIES, ORDER_MS);
    const { capabilities, refusal } = JSON.parse(output.trim().split("\n").at(-1) ?? "{}") as { capabilities: { usable: boolean; runtime: { version: string }; notes: readonly string[] }; refusal: string };
    assert.ok(capabilities.usable && capabilities.runtime.version.startsWith("4.17"), output);
    assert.ok(capabilities.notes.some((note) => note.startsWith("XSM/SILO: off")) && capabilities.notes.some((note) => note.startsWith("hardware virtualization: yes")), output);
    assert.match(refusal, /isolation\.xen\.undenied/u);
  });
});

const ATTACK = `
V=$(xl list | awk '/interaction/ {print $2}')
G=$(for c in $(xenstore-list /local/domain/$V/data/vchan); do xenstore-read /local/domain/$V/data/vchan/$c/ring-ref; done | sort -u | paste -sd, -)
E=$(for c in $(xenstore-list /local/domain/$V/data/vchan); do xenstore-read /local/domain/$V/data/vchan/$c/event-channel; done | sort -u | paste -sd, -)
cat > /tmp/attack.cfg <<END
name = "attack"
type = "pvh"
kernel = "/cg/.crossguardian/domu/vmlinux"
ramdisk = "/attack/initrd"
extra = "quiet console=hvc0 random.trust_cpu=on panic=-1 rdinit=/init victim=$V grants=$G events=$E"
memory = 128
vcpus = 1
on_poweroff = "destroy"
on_crash = "destroy"
END
echo "victim $V grants $G events $E"
xl create -q /tmp/attack.cfg
A=$(xl domid attack)
n=0; while xl domid attack >/dev/null 2>&1 && ! grep -q "ATTACK end" /var/log/xen/console/guest-attack.log 2>/dev/null && [ $n -lt 400 ]; do n=$((n + 1)); usleep 1000000; done
xl destroy attack 2>/dev/null
tr -d '\\r' < /var/log/xen/console/guest-attack.log
echo "RECORD $(grep -c EACCES /var/log/xen/xenstored.trace)"
grep EACCES /var/log/xen/xenstored.trace | head -3
`;

const CAPABILITIES = `cat > /tmp/capabilities.mjs <<'END'
import { makeXenDriver } from "/cg/host/isolation/src/index.ts";
const driver = makeXenDriver({ runDir: "/run/other", guestDir: "/cg/.crossguardian/domu" });
const limits = { memoryBytes: 134217728, cpuQuotaPercent: null, pids: 32, tmpfsBytes: 1048576, tmpfsInodes: 64 };
const spec = { name: "p", instance: "p", image: "/cg", nodePath: "/usr/bin/node", entry: "x.ts", argv: [], env: {}, volume: null, keySlot: null, limits, network: "none", uidBase: 131072, production: true };
const refusal = await driver.prepare(spec).then(() => "", String);
console.log(JSON.stringify({ capabilities: await driver.capabilities(), refusal }));
END
node /tmp/capabilities.mjs`;
