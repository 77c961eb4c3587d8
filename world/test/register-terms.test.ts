import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { makeCrypto } from "@crossguardian/crypto";
import { makeHashes } from "@crossguardian/protocol";

import { plannedDeployment } from "../src/contract-drafts.ts";
import { DEFAULT_TUNING } from "../src/house-terms.ts";
import { openKeySlots } from "../src/key-slots.ts";
import { GOVERNANCE_THRESHOLD, governorKeysOf } from "../src/open-world.ts";
import { deploymentDocument, registryOf, signNext } from "../src/operator/register-world.ts";
import { encodeGenesis } from "../src/registration.ts";
import { type SavedWorld } from "../src/saved-world.ts";
import { BENCH_TOPOLOGY, BXH_ID, type ChainPlan } from "../src/world.ts";

const HASH = new Uint8Array(32).fill(7);
const NOTHING = new Uint8Array(0);

test("a chain is registered anew when what verifies it has changed, and only then; before its gateway is made it is not registered", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cg-terms-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const crypto = await makeCrypto();
  const powers = { crypto, hashes: makeHashes(crypto.keccak256) };
  const slots = openKeySlots(join(folder, "keys"));
  const governors = governorKeysOf(crypto, slots);
  const plan = { numericId: 1, url: "", witnessUrls: [], validatorUrls: [], depth: 0, genesisHash: HASH };
  const fabricPlan = (terms: Uint8Array, deployHeight?: number): ChainPlan => ({
    ...plan, name: "C", kind: "fabric", gateway: "gateway-b", numericId: 2, ...(deployHeight === undefined ? {} : { deployHeight }),
    foreign: { contract: HASH, vault: HASH, data: HASH, terms, pluginSettings: NOTHING, witnessSettings: NOTHING, pluginEndpoints: [] },
  });
  const worldWith = (channel: ChainPlan, registrations: SavedWorld["registrations"] = []): SavedWorld => ({
    instance: "t", topology: { ...BENCH_TOPOLOGY, kinds: { C: "fabric" } },
    chains: [{ ...plan, name: "A", gateway: "gateway-a" }, channel],
    deployments: new Map([["A", plannedDeployment("0x70997970c51812dc3a010c7d01b50e0d17dc79c8")]]),
    genesis: encodeGenesis({
      bxhId: BXH_ID, createdMs: 1n, governors: governors.map((key) => crypto.secp256k1.address(key)), governanceThreshold: GOVERNANCE_THRESHOLD,
      validators: { epoch: 1n, validators: [new Uint8Array(20).fill(1)], threshold: 1 },
    }),
    registrations, ordererPort: 1, p2pListen: "", driver: "oci", production: false, tuning: DEFAULT_TUNING, runDir: "", stateDir: "", nodes: [],
  });
  const sign = (saved: SavedWorld): SavedWorld => {
    const document = deploymentDocument(powers, saved, slots);
    assert.ok(document !== null);
    return signNext(powers, saved, document, governors.slice(0, GOVERNANCE_THRESHOLD));
  };
  assert.throws(() => deploymentDocument(powers, worldWith(fabricPlan(Uint8Array.of(1))), slots), { code: "cli.deploy.missing" });
  const first = sign(worldWith(fabricPlan(Uint8Array.of(1), 5)));
  assert.equal(deploymentDocument(powers, first, slots), null);
  const changed = worldWith(fabricPlan(Uint8Array.of(1, 2), 5), first.registrations);
  assert.deepEqual(deploymentDocument(powers, changed, slots)?.chains.map(({ chain }) => chain), ["C"]);
  const second = sign(changed);
  assert.deepEqual(registryOf(powers, second).chains.get("C")?.terms, Uint8Array.of(1, 2));
  assert.equal(deploymentDocument(powers, second, slots), null);
});
