import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { makeCrypto } from "@crossguardian/crypto";
import { keyLabel } from "@crossguardian/kernel";
import { decodeFabricSettings, makeIdentity } from "@crossguardian/plugin-fabric-blocks";
import { makeHashes } from "@crossguardian/protocol";

import { openKeySlots } from "../src/key-slots.ts";
import { fabricKind } from "../src/kinds/fabric/fabric-kind.ts";
import { BENCH_TOPOLOGY, pluginsOf } from "../src/world.ts";

const NOTHING = new Uint8Array(0);

test("a channel enrols the plugin's standby as well: each has a certificate of the key in its own slot", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cg-fabric-kind-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const crypto = await makeCrypto();
  const slots = openKeySlots(join(folder, "keys"));
  const topology = { ...BENCH_TOPOLOGY, kinds: { C: "fabric" as const } };
  const started = await fabricKind.start({
    powers: { crypto, hashes: makeHashes(crypto.keccak256), slots },
    name: "C", topology, users: [], folder, outlive: false,
    remoteOf: () => assert.fail("its peers are told in terms"),
    dev: { kind: "anvil", blockTimeMs: null, depth: 0 },
    terms: { relayGenesis: NOTHING, governorKeys: [], governanceThreshold: 0, pauseAddress: "0x", validators: [], threshold: 0 }, // nothing is deployed here
  });
  t.after(started.node.stop);
  const { pluginSettings, standbySettings } = started.plan.foreign;
  const [plugin = "", standby = ""] = pluginsOf(topology, "C");
  const keyOf = (domain: string): Uint8Array => crypto.deriveKey(slots.rootOf(domain), keyLabel("account", "C"));
  const settings = [pluginSettings, standbySettings ?? NOTHING].map(decodeFabricSettings);
  for (const [at, domain] of [plugin, standby].entries()) assert.equal(makeIdentity(settings[at]!, keyOf(domain)).mspId, "Org1MSP");
  assert.throws(() => makeIdentity(settings[0]!, keyOf(standby)), { code: "fabric.config.identity" });
});
