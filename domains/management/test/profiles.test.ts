import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AccessDocument, encodeAccessDocument, encodeProfiles, encodeSignedProfiles, FLOORS, type ProfileDocument, profilesDigest, profilesSigningBytes, type SecurityProfile, type SecurityTerms } from "@crossguardian/access";
import { CodedError, toHex, utf8 } from "@crossguardian/kernel";
import { loadProfiles, type ManagedDomain, type ManagedHouse, securityOrderOf } from "../src/index.ts";
import { first, makeAccessHouse, operatorOf } from "./support/access-house.ts";
import { crypto } from "./support/audit-disk.ts";

const domainOf = (name: string, kind: string, chain: string | null, more: Partial<ManagedDomain> = {}): ManagedDomain => ({
  name, kind, chain, port: 1, standbyOf: null, role: kind, network: "none", jailed: true, isolation: "oci", config: new Uint8Array(0), cpuQuotaPercent: null,
  keyLifetimeDays: FLOORS.standard.keyLifetimeDays, allocation: {}, ...more,
});
const domains = [
  domainOf("network", "network", null), domainOf("plugin-a", "plugin", "A"), domainOf("interaction", "interaction", null), domainOf("plugin-a-standby", "plugin", "A", { standbyOf: "plugin-a" }),
];
const houseOf = (profiles: string | null, more: Partial<ManagedHouse> = {}): ManagedHouse => ({
  house: "gateway-a", instance: "demo-gateway-a", production: true, access: encodeAccessDocument(first), profiles, checkpoint: null, detection: "act", logs: "/nowhere", whitelisting: false, domains, ...more,
});
const profile = (house: string, domain: string, kind: string, chain: string | null, terms: SecurityTerms = FLOORS.standard): SecurityProfile => ({ house, domain, kind, chain, ...terms });
const document: ProfileDocument = {
  version: 1, instance: "demo",
  profiles: [
    profile("gateway-a", "management", "management", null), profile("gateway-a", "network", "network", null), profile("gateway-a", "plugin-a", "plugin", "A"), profile("gateway-a", "interaction", "interaction", null),
    profile("gateway-b", "plugin-c", "plugin", "C", FLOORS.high),
  ],
};
const keyOf = (name: string): Uint8Array => crypto.ed25519.keyPair(crypto.sha256(utf8(`operator ${name}`))).privateKey;
const sign = (what: ProfileDocument, officers: readonly string[] = ["olga", "otto"]): string => {
  const text = encodeProfiles(what);
  return encodeSignedProfiles({ text, signatures: officers.map((officer) => ({ officer, signature: toHex(crypto.ed25519.sign(profilesSigningBytes(text), keyOf(officer))) })) });
};
const recordOf = (what: ProfileDocument) => ({ version: what.version, digest: profilesDigest(crypto.sha256, what), officers: 2 });
const load = (house: ManagedHouse, recorded: ReturnType<typeof recordOf> | null = null, access: readonly AccessDocument[] = [first]): string => {
  try {
    const loaded = loadProfiles({ sha256: crypto.sha256, verify: crypto.ed25519.verify, nowMs: 1_000, access, recorded }, house);
    return loaded === null ? "none" : `version ${loaded.version}`;
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
};

describe("management, as it starts,", () => {
  test("takes profiles that two officers signed for every domain of its house", () => assert.equal(load(houseOf(sign(document))), "version 1"));

  test("starts without profiles in development, and refuses to in production", () => {
    assert.equal(load(houseOf(null, { production: false })), "none");
    assert.equal(load(houseOf(null)), "access.profile.missing");
  });

  test("refuses profiles that were altered, signed by one officer, or leave a domain out, in development too", () => {
    for (const production of [true, false]) {
      assert.equal(load(houseOf(sign(document).replace("TLSv1.3", "TLSv1.2"), { production })), "access.profile.floor");
      assert.equal(load(houseOf(sign(document).replace("730", "729"), { production })), "access.profile.signature");
      assert.equal(load(houseOf(sign(document, ["olga"]), { production })), "access.profile.unsigned");
      assert.equal(load(houseOf(sign({ ...document, profiles: document.profiles.slice(1) }), { production })), "access.profile.domain");
    }
  });

  test("refuses profiles that are older than those its log says were in force, or other ones of that version", () => {
    assert.equal(load(houseOf(sign({ ...document, version: 0 })), recordOf(document)), "access.profile.rolledBack");
    assert.equal(load(houseOf(sign({ ...document, profiles: document.profiles.slice(0, 4) })), recordOf(document)), "access.profile.rolledBack");
    assert.equal(load(houseOf(sign({ ...document, version: 2 })), recordOf(document)), "version 2");
  });

  test("keeps profiles in force whose officer has left since, and takes no new ones of that officer", () => {
    const without: AccessDocument = { ...first, version: 1, operators: [...first.operators.filter(({ name }) => name !== "otto"), operatorOf("oda", ["security-officer"])] };
    assert.equal(load(houseOf(sign(document)), recordOf(document), [first, without]), "version 1");
    assert.equal(load(houseOf(sign({ ...document, version: 2 })), recordOf(document), [first, without]), "access.profile.signature");
    assert.equal(load(houseOf(sign({ ...document, version: 2 }, ["olga", "oda"])), recordOf(document), [first, without]), "version 2");
  });

  test("refuses a launcher that was told another key lifetime", () => {
    assert.equal(load(houseOf(sign(document), { domains: [domainOf("plugin-a", "plugin", "A", { keyLifetimeDays: 3_650 })] })), "access.profile.lifetime");
  });

  test("refuses operators whose credentials do not end when its own profile wants an end", () => {
    const strict = { ...document, profiles: [{ ...profile("gateway-a", "management", "management", null, FLOORS.standard), credentials: { longestDays: 30, officers: 2 } }, ...document.profiles.slice(1)] };
    assert.equal(load(houseOf(sign(strict))), "access.document.credentials");
  });
});

test("a domain is told its own TLS minimum, the network domain all of them, the interaction domain the suites of its pairs", () => {
  const order = (name: string) => securityOrderOf(document, "gateway-a", domains, domains.find((each) => each.name === name)!);
  assert.deepEqual(order("plugin-a-standby"), { tlsMin: 12, tls: [], pairs: [] });
  assert.deepEqual(order("network").tls.map(({ domain, min }) => `${domain} ${min}`), ["network 12", "plugin-a 12", "interaction 12", "plugin-a-standby 12"]);
  assert.deepEqual(order("interaction").pairs, [{ chain: "A", peer: "C", suites: ["aes-256-gcm"] }]);
});

test("an order about a domain needs a credential as that domain's profile wants it", async () => {
  const house = makeAccessHouse(first, 0, (resource) => ({ longestDays: resource === "plugin-a" ? 1 : null, officers: 2 }));
  const done: string[] = [];
  house.desk.serve("restart", async ({ resource, operator }) => void done.push(`${operator} ${resource}`));
  house.moveTo(1_000);
  assert.equal((await house.give("ann", "restart", "plugin-a")).failure?.code, "access.order.credential");
  await house.give("ann", "restart", "interaction");
  await house.give("tim", "restart", "plugin-a");
  assert.deepEqual(done, ["ann interaction", "tim plugin-a"]);
});
