import assert from "node:assert/strict";
import process from "node:process";
import { after, before, suite, test } from "node:test";

import { assertHarmless, attackIn } from "./support/attack-in.ts";
import { bootDom0, type Dom0, makeXen, missingXen } from "./support/boot-dom0.ts";
import { awaitStep, driveDomu, letGo } from "./support/domu-steps.ts";
import { suiteInDom0 } from "./support/suite-in-dom0.ts";

const BOOT_MS = 600_000;
const START_MS = 900_000;
const STEP_MS = 300_000;
const ATTACK_MS = 900_000;
const SUITE_MS = 1_800_000;
/** Tests of the contract suite. */
const SUITE_COUNT = 19;
const MS_PER_SECOND = 1_000;
const skip = process.getuid?.() === 0 ? missingXen() : "isolation needs root";

const startedAt = performance.now();
const say = (what: string): void => console.log(`${((performance.now() - startedAt) / MS_PER_SECOND).toFixed(1).padStart(7)} s  ${what}`);

type Capabilities = { readonly usable: boolean; readonly runtime: { readonly name: string; readonly version: string }; readonly notes: readonly string[]; readonly missing: readonly unknown[] };

suite("the driver xen in Dom0 of a real Xen, in QEMU", { skip, timeout: 3_600_000 }, () => {
  let dom0: Dom0;
  let isUp = false;

  before(async () => {
    makeXen();
    say("Xen, Dom0 and DomUs are made");
    dom0 = await bootDom0("driver", 0, BOOT_MS);
    isUp = true;
    say("Dom0 is up");
    await driveDomu(dom0);
  });
  after(async () => {
    if (isUp) await dom0.stop();
  });

  test("it tells version, virtualization and that two DomUs could conspire on this Xen, and refuses a production configuration for it", async () => {
    const { capabilities } = (await awaitStep(dom0, "capabilities", STEP_MS)) as unknown as { readonly capabilities: Capabilities };
    assert.ok(capabilities.usable && capabilities.missing.length === 0, JSON.stringify(capabilities));
    assert.match(capabilities.runtime.version, /^4\.17/u);
    assert.ok(capabilities.notes.some((note) => note.startsWith("XSM/SILO: off")), JSON.stringify(capabilities));
    assert.ok(capabilities.notes.some((note) => note.startsWith("hardware virtualization: no")), JSON.stringify(capabilities));
    assert.match(String((await awaitStep(dom0, "production", STEP_MS))["refusal"]), /isolation\.xen\.undenied/u);
  });

  test("a domain in a DomU answers over its vchan, without a network, and nobody but Dom0 may read where its rings are", async () => {
    const { heard } = await awaitStep(dom0, "hello", START_MS);
    assert.match(String(heard), /^hello uid=\d+ devices=lo\n/u);
    say("the domain in the DomU said hello");
    await awaitStep(dom0, "answered", STEP_MS);
    const { output } = await dom0.run("D=$(xl domid cg.t1.echo); xenstore-ls -p /local/domain/$D/data/vchan; echo vif=$(xenstore-list /local/domain/$D/device/vif 2>/dev/null | wc -l) id=$D", STEP_MS);
    const id = /id=(\d+)/u.exec(output)?.[1];
    const permissions = [...output.matchAll(/(?:ring-ref|event-channel) = "\d+"[ .]*\((\S+)\)/gu)].map((match) => match[1]);
    assert.ok(permissions.length >= 6 && permissions.every((each) => each === `n${String(id)},r0`), output);
    assert.match(output, /vif=0/u);
  });

  test("the steps of the response ladder hold it: paused it is silent, a cap and a smaller memory are Xen's", async () => {
    assert.equal((await awaitStep(dom0, "paused", STEP_MS))["wasSilent"], true);
    await awaitStep(dom0, "resumed", STEP_MS);
    await awaitStep(dom0, "smaller", STEP_MS);
    const { output } = await dom0.run("xl sched-credit2 -d cg.t1.echo; xenstore-read /local/domain/$(xl domid cg.t1.echo)/memory/target", STEP_MS);
    assert.match(output, /cg\.t1\.echo\s+\d+\s+\d+\s+50\b/u, output);
    assert.match(output, new RegExp(`^${String((128 - 16 + 128) * 1_024)}$`, "mu"), output);
  });

  test("a hostile DomU reaches nothing of another one: not its grants, event channels, xenstore or a network, and its tries at xenstore are on record", async () => {
    const attack = await attackIn(dom0, "cg.t1.echo", ATTACK_MS);
    say("a hostile DomU has tried");
    assertHarmless(attack);
  });

  test("a killed domain leaves no DomU", async () => {
    await letGo(dom0);
    await awaitStep(dom0, "killed", STEP_MS);
    assert.ok(!(await dom0.run("xl list", STEP_MS)).output.includes("cg.t1"));
  });

  test("the contract suite of the drivers passes in a DomU, and nothing of it stays", async () => {
    const { passed, failed, said } = await suiteInDom0(dom0, SUITE_MS);
    say(`${String(passed.length)} tests of the contract suite have passed in a DomU`);
    assert.deepEqual([failed, passed.length], [[], SUITE_COUNT], said);
    assert.ok(!(await dom0.run("xl list", STEP_MS)).output.includes("cg.t"));
  });
});
