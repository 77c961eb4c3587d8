import assert from "node:assert/strict";
import { test } from "node:test";

import { type Manifest } from "@crossguardian/boot";
import { type DomainEntry, type HouseSpec } from "@crossguardian/world";

import { decodeDomainManifest } from "../src/move/decode-domain-manifest.ts";
import { describeDomain } from "../src/move/describe-domain.ts";
import { differences, type DomainManifest } from "../src/move/domain-manifest.ts";
import { parseResources } from "../src/resources/parse-resources.ts";

const FILE = { path: "domains/appchain/src/main.ts", sha256: "a".repeat(64), mode: 0o644, bytes: 7 };
const sealed = (sha256 = FILE.sha256): Manifest => ({ version: 1, node: FILE, host: [], policies: [], images: { "appchain-evm": { files: [{ ...FILE, sha256 }], links: [] } } });
const POLICY = "900 * * deny # default\n";
const ALLOCATION = { cpuPercent: 60, cpus: "little" };

/** The house of one gateway as it stands on a machine: instance, folders, keys, ports and users are the machine's own. */
const houseOn = (machine: string, more: Partial<DomainEntry> = {}): HouseSpec => {
  const entry: DomainEntry = {
    name: "plugin-a", kind: "plugin", chain: "A", standbyOf: null, port: machine === "one" ? 3 : 9, image: "appchain-evm", entry: "domains/appchain/src/main.ts", role: "plugin",
    config: "AQID", volume: false, keySlot: `/var/lib/${machine}/keys/plugin-a.key`, network: "none",
    limits: { memoryBytes: 1_000, cpuQuotaPercent: null, pids: 32, tmpfsBytes: 1, tmpfsInodes: 1 }, ...more,
  };
  return {
    house: "gateway-a", instance: `${machine}-gateway-a`, runDir: `/run/${machine}`, dataDir: `/var/lib/${machine}`, stateDir: `/state/${machine}`, driver: "oci", production: true,
    detection: "act", lifeline: false, access: "{}", policy: `/opt/${machine}/gateway.flow`, domains: [entry],
  };
};
const described = (machine: string, more: Partial<DomainEntry> = {}, image?: string, policy = POLICY): DomainManifest => describeDomain(houseOn(machine, more), sealed(image), policy, "plugin-a", ALLOCATION);
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "uncoded";
  }
  return "none";
};

test("a domain has the same digests of image, configuration and policy on two machines", () => {
  const exported = decodeDomainManifest(JSON.stringify(described("one")));
  assert.deepEqual(exported.digests, described("two").digests);
  assert.deepEqual(differences(exported.digests, described("two").digests), []);
});

test("other code, another configuration or bound, or another policy is told apart by name", () => {
  const { digests } = described("one");
  const partsOf = (other: DomainManifest): readonly string[] => differences(digests, other.digests);
  assert.deepEqual(partsOf(described("two", {}, "b".repeat(64))), ["image"]);
  assert.deepEqual(partsOf(described("two", { config: "AQIE" })), ["configuration"]);
  assert.deepEqual(partsOf(described("two", { isolation: "none" })), ["configuration"]);
  assert.deepEqual(partsOf(described("two", { limits: { ...houseOn("two").domains[0]!.limits, memoryBytes: 2_000 } })), ["configuration"]);
  assert.deepEqual(partsOf(described("two", {}, undefined, `${POLICY}# more\n`)), ["policy"]);
});

test("an export names no key, path, port or user of its machine", () => {
  const text = JSON.stringify(described("one"));
  for (const local of ["one-gateway-a", "/var/lib", "/run", "/opt", ".key", "port"]) assert.ok(!text.includes(local), local);
});

test("an export that was changed, or is none, is refused", () => {
  const exported = described("one");
  const changed = { ...exported, domain: { ...exported.domain, limits: { ...exported.domain.limits, memoryBytes: 9_000 } } };
  assert.equal(codeOf(() => decodeDomainManifest(JSON.stringify(changed))), "cli.domain.differs");
  assert.equal(codeOf(() => decodeDomainManifest(JSON.stringify({ ...exported, allocation: {} }))), "cli.domain.differs");
  assert.equal(codeOf(() => decodeDomainManifest(JSON.stringify({ ...exported, key: "00" }))), "config.field.unknown");
  assert.equal(codeOf(() => decodeDomainManifest("{")), "config.json.malformed");
});

test("options of domain set become the change of an order", () => {
  assert.deepEqual(parseResources({ cpu: "40", memory: "512M", cores: "0-1", rate: "none", ioWrite: "2k" }), { cpuPercent: 40, memoryBytes: 536_870_912, cpus: "0-1", ioWriteBytesPerS: 2_048, bytesPerS: null });
  assert.equal(codeOf(() => parseResources({ memory: "much" })), "cli.argument.bad");
  assert.equal(codeOf(() => parseResources({ cpu: "1.5" })), "cli.argument.bad");
});
