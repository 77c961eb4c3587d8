import assert from "node:assert/strict";
import { appendFileSync, chmodSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { askLauncher, type HouseSpec } from "../src/index.ts";
import { type HouseFolder, leftOf, makeHouseFolder, processesOf, sealEcho, skipHouse, startLauncher, until } from "./fixtures/echo-house.ts";

let count = 0;
const withHouse = async (run: (house: HouseFolder) => Promise<void>): Promise<void> => {
  count += 1;
  const house = makeHouseFolder(`refused-${String(process.pid)}-${String(count)}`);
  try {
    sealEcho(house);
    await run(house);
  } finally {
    house.remove();
  }
};

/** Starts a house that must not start; what it said. */
const refusal = async (house: HouseFolder, spec: HouseSpec = house.spec): Promise<string> => {
  const launcher = startLauncher(house, spec);
  await until("the launcher to end", launcher.hasEnded);
  assert.equal(launcher.child.exitCode, 1, launcher.errors());
  assert.deepEqual(leftOf(house), []);
  assert.ok(!launcher.out().includes("house.ready"));
  return launcher.errors();
};

describe("a house that must not start", { skip: skipHouse }, () => {
  test("does not, with a manifest that another key signed", async () => {
    await withHouse(async (house) => {
      writeFileSync(join(house.trustDir, "manifest.sig"), Buffer.alloc(64).toString("base64"));
      assert.match(await refusal(house), /^boot\.manifest\.signature/u);
    });
  });

  test("does not, with a flow policy that was not measured", async () => {
    await withHouse(async (house) => {
      const policy = join(house.folder, "own.flow");
      writeFileSync(policy, "10 * * *\n");
      assert.match(await refusal(house, { ...house.spec, policy }), /^boot\.policy\.unmeasured/u);
    });
  });

  test("does not, un-isolated with a production configuration", async () => {
    await withHouse(async (house) => {
      assert.match(await refusal(house, { ...house.spec, driver: "none", production: true }), /^isolation\.none\.production/u);
    });
  });

  test("does not, with data in a folder its users cannot enter", async () => {
    await withHouse(async (house) => {
      chmodSync(house.folder, 0o700);
      assert.match(await refusal(house), /^launch\.path\.unreachable/u);
    });
  });

  test("does not, with an image the manifest does not have", async () => {
    await withHouse(async (house) => {
      const domains = house.spec.domains.map((entry) => (entry.name === "relay" ? { ...entry, image: "evil" } : entry));
      assert.match(await refusal(house, { ...house.spec, domains }), /^boot\.image\.unknown/u);
    });
  });
});

describe("an un-isolated house", { skip: skipHouse }, () => {
  test("runs for measuring, and a stored image that was changed stops the next start", async () => {
    await withHouse(async (house) => {
      const spec: HouseSpec = { ...house.spec, driver: "none" };
      const launcher = startLauncher(house, spec);
      await until("the house to be ready", () => {
        assert.equal(launcher.child.exitCode, null, launcher.errors());
        return launcher.out().includes("house.ready");
      });
      const ping = await askLauncher(spec.runDir, { cmd: "ask", domain: "interaction", command: "ping", argument: "relay" });
      assert.deepEqual(ping, { ok: true, answer: '{"isSent":true}' });
      launcher.child.kill("SIGTERM");
      await until("the launcher to end", launcher.hasEnded);
      assert.deepEqual(leftOf(house), []);

      const images = join(spec.stateDir, "images");
      const switches = readdirSync(images).filter((image) => readdirSync(join(images, image)).includes("host"));
      for (const image of switches) {
        const file = join(images, image, "core/kernel/package.json");
        chmodSync(file, 0o644);
        appendFileSync(file, " ");
        chmodSync(file, 0o444);
      }
      sealEcho(house);
      assert.match(await refusal(house, spec), /^boot\.image\.changed/u);
    });
  });
});

describe("a house that is told to end before it is up", { skip: skipHouse }, () => {
  test("leaves nothing, also where code was being compiled for it", async () => {
    await withHouse(async (house) => {
      const launcher = startLauncher(house);
      // What a runtime runs first is what fills its cache.
      await until("a domain to compile its code", () => processesOf(house).some((line) => line.startsWith("/usr/bin/crun")));
      launcher.child.kill("SIGTERM");
      await until("the launcher to end", launcher.hasEnded);
      assert.equal(launcher.child.exitCode, 0, launcher.errors());
      assert.deepEqual(leftOf(house), []);
      assert.ok(!launcher.out().includes("house.ready"));
    });
  });
});
