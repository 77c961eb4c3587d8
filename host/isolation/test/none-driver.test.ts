import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { existsSync } from "node:fs";
import { after, test } from "node:test";
import { makeNoneDriver } from "../src/index.ts";
import { makeProbeHarness } from "./probe-harness.ts";

const warnings: string[] = [];
const harness = makeProbeHarness(() =>
  makeNoneDriver({
    log: {
      info: () => undefined,
      warn: () => undefined,
      alarm: (event) => {
        warnings.push(event);
      },
    },
  }),
);
after(harness.close);

const skip = existsSync("/usr/bin/setpriv") ? false : "setpriv: Debian package util-linux";

test("the un-isolated driver runs the same probe, warns, and tells that it enforces nothing", { skip }, async () => {
  const { limits, seccomp, notes } = await harness.driver.capabilities();
  deepStrictEqual(limits, []);
  strictEqual(seccomp, false);
  ok(notes[0]?.includes("nothing is enforced"));
  const { domain, ask } = await harness.open({ name: "plain", volume: "plain" });
  const env = await ask("env");
  ok((await harness.driver.stats(domain)).memoryBytes > 0);
  await harness.driver.kill(domain);
  deepStrictEqual(Object.keys(env).sort(), ["CG_APP", "CG_DATA", "CG_KEY", "CG_TEST"]);
  ok(String(env["CG_DATA"]).startsWith(harness.runDir));
  deepStrictEqual(await domain.exited, { code: null, signal: "SIGKILL" });
  deepStrictEqual(warnings, ["isolation.none.start"]);
});

test("the un-isolated driver refuses a production configuration", async () => {
  const spec = { ...harness.specOf({ name: "real" }), production: true };
  await rejects(harness.driver.prepare(spec), /isolation\.none\.production/);
});
