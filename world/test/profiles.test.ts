import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { FLOORS, type SecurityProfile } from "@crossguardian/access";
import { makeCrypto } from "@crossguardian/crypto";
import { CodedError, decodeKeySlot } from "@crossguardian/kernel";

import { housesOf } from "../src/house-specs.ts";
import { DEFAULT_TUNING, type HouseTerms } from "../src/house-terms.ts";
import { openKeySlots } from "../src/key-slots.ts";
import { approveProfiles, type OfficerKey, proposeProfiles, showProfiles } from "../src/operator/change-profiles.ts";
import { requireFreshKeys } from "../src/operator/key-ages.ts";
import { openOperators, operatorKeyPath } from "../src/operator/open-operators.ts";
import { profilesPath, withProfiles } from "../src/operator/open-profiles.ts";
import { rotateOnOfficersWord } from "../src/operator/rotate-offline.ts";
import { DEMO_TOPOLOGY } from "../src/world.ts";

const crypto = await makeCrypto();
const DAY_MS = 86_400_000;
const NOTHING = new Uint8Array(0);

/** Terms of a world whose chains nobody reaches. */
const open = (t: TestContext, production: boolean): HouseTerms => {
  const dataDir = mkdtempSync(join(tmpdir(), "cg-profiles-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const chains = DEMO_TOPOLOGY.gateways.flatMap(({ name: gateway, chains: names }) => names.map((name, at) => ({
    name, gateway, numericId: 1_000 + at, url: "http://127.0.0.1:1", witnessUrls: ["http://127.0.0.1:2", "http://127.0.0.1:3", "http://127.0.0.1:4"], validatorUrls: [["http://127.0.0.1:5"]], depth: 1, genesisHash: new Uint8Array(32),
  })));
  const address = `0x${"11".repeat(20)}` as const;
  const deployment = { gateway: address, vault: address, data: address, token: address };
  return {
    crypto, instance: "demo", runDir: join(dataDir, "run"), dataDir, stateDir: join(dataDir, "state"), driver: "oci", production, lifeline: false, access: openOperators(crypto, dataDir).document, profiles: null,
    policyDir: "/nowhere", topology: DEMO_TOPOLOGY, chains, deployments: new Map(chains.map(({ name }) => [name, deployment])), genesis: NOTHING, registrations: [], slots: openKeySlots(join(dataDir, "keys")),
    ordererPort: 1, p2pListen: "", tuning: DEFAULT_TUNING,
  };
};
const officer = ({ dataDir }: HouseTerms, name: string): OfficerKey => ({ officer: name, key: new Uint8Array(readFileSync(operatorKeyPath(dataDir, name))) });
const codeOf = (run: () => unknown): string => {
  try {
    run();
    return "ok";
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
};
const same = (profile: SecurityProfile): SecurityProfile => profile;

test("a development world has profiles made and signed for every domain, once", (t) => {
  const terms = open(t, false);
  const { profiles } = withProfiles(terms);
  assert.ok(profiles?.document.profiles.every(({ level }) => level === "standard"));
  const text = readFileSync(profilesPath(terms.dataDir), "utf8");
  const specs = housesOf(withProfiles(terms));
  assert.equal(readFileSync(profilesPath(terms.dataDir), "utf8"), text);
  for (const { profiles: told, domains } of specs) {
    assert.equal(told, text);
    assert.ok(domains.every(({ keyLifetimeDays }) => keyLifetimeDays === FLOORS.standard.keyLifetimeDays));
  }
});

test("a development world with another chain has that chain's domains added; altered profiles are refused", (t) => {
  const terms = open(t, false);
  const fewer = { ...terms, topology: { ...DEMO_TOPOLOGY, gateways: [{ name: "gateway-a", chains: ["A"] }, { name: "gateway-b", chains: ["C"] }] }, chains: terms.chains.filter(({ name }) => name === "A" || name === "C") };
  assert.equal(withProfiles(fewer).profiles?.document.version, 0);
  const grown = withProfiles(terms).profiles?.document;
  assert.equal(grown?.version, 1);
  assert.ok(grown.profiles.some(({ domain }) => domain === "plugin-b"));
  const path = profilesPath(terms.dataDir);
  writeFileSync(path, readFileSync(path, "utf8").replace(":730", ":700"));
  assert.equal(codeOf(() => withProfiles(terms)), "access.profile.signature");
  assert.equal(showProfiles(terms).trouble?.code, "access.profile.signature");
  proposeProfiles(terms, same, officer(terms, "officer-1"));
  approveProfiles(terms, null, officer(terms, "officer-2"));
  assert.equal(showProfiles(terms).trouble, null);
});

test("production starts with profiles that two officers signed, and not before", (t) => {
  const terms = open(t, true);
  assert.equal(codeOf(() => withProfiles(terms)), "access.profile.missing");
  const proposed = proposeProfiles(terms, same, officer(terms, "officer-1"));
  assert.deepEqual([proposed.applied, proposed.needed], [false, 2]);
  assert.equal(codeOf(() => withProfiles(terms)), "access.profile.missing");
  assert.equal(codeOf(() => approveProfiles(terms, null, officer(terms, "operator"))), "access.profile.signature");
  assert.equal(approveProfiles(terms, null, officer(terms, "officer-1")).applied, false);
  assert.equal(codeOf(() => approveProfiles(terms, "0".repeat(64), officer(terms, "officer-2"))), "access.profile.unproposed");
  assert.equal(approveProfiles(terms, proposed.digest, officer(terms, "officer-2")).applied, true);
  assert.equal(withProfiles(terms).profiles?.document.version, 0);
  assert.equal(showProfiles(terms).proposed, null);
  assert.equal(codeOf(() => approveProfiles(terms, null, officer(terms, "officer-2"))), "access.profile.unproposed");
});

test("profiles that were lost are made anew above the version that an audit log says was in force", (t) => {
  const terms = open(t, true);
  const audit = join(terms.dataDir, "gateway-a", "volumes", "management", "audit");
  mkdirSync(audit, { recursive: true });
  const record = { atMs: 1, event: "profiles.inForce", who: "management", action: "changeProfiles", resource: "", decision: "done", why: "signed", facts: { version: 6, digest: "", officers: 2 } };
  writeFileSync(join(audit, "log.jsonl"), `${JSON.stringify(record)}\n`);
  assert.equal(proposeProfiles(terms, same, officer(terms, "officer-1")).document.version, 7);
});

test("a change that mixes levels in one gateway, or shuts its own officers out, is not even proposed", (t) => {
  const terms = open(t, true);
  const raise = (match: (profile: SecurityProfile) => boolean) => (profile: SecurityProfile): SecurityProfile => (match(profile) ? { ...profile, ...FLOORS.high } : profile);
  const propose = (match: (profile: SecurityProfile) => boolean): string => codeOf(() => proposeProfiles(terms, raise(match), officer(terms, "officer-1")));
  assert.equal(propose(({ domain }) => domain === "plugin-a"), "access.profile.mixed");
  assert.equal(propose(() => true), "access.document.credentials");
  assert.equal(existsSync(join(terms.dataDir, "profiles.next.json")), false);
  assert.equal(propose(({ house, kind }) => house === "gateway-a" && kind !== "management"), "ok");
});

test("a key past its lifetime stops a production world with the way out, which an officer alone can take while the house is down", (t) => {
  const terms = open(t, true);
  proposeProfiles(terms, same, officer(terms, "officer-1"));
  approveProfiles(terms, null, officer(terms, "officer-2"));
  const ready = withProfiles(terms);
  requireFreshKeys(ready);
  const house = housesOf(ready).find((each) => each.house === "gateway-a");
  const slot = house?.domains.find(({ name }) => name === "interaction")?.keySlot ?? "";
  const long = (Date.now() - 731 * DAY_MS) / 1_000;
  utimesSync(slot, long, long);
  assert.equal(codeOf(() => requireFreshKeys(ready)), "launch.key.expired");
  requireFreshKeys({ ...ready, production: false });
  assert.ok(house !== undefined);
  mkdirSync(house.dataDir, { recursive: true });
  assert.equal(codeOf(() => rotateOnOfficersWord(crypto, house, "interaction", officer(terms, "operator"))), "access.profile.key");
  assert.equal(codeOf(() => rotateOnOfficersWord(crypto, house, "network", officer(terms, "officer-1"))), "management.key.kind");
  assert.equal(rotateOnOfficersWord(crypto, house, "interaction", officer(terms, "officer-1")), "2");
  assert.equal(decodeKeySlot(new Uint8Array(readFileSync(`${slot}.next`))).epoch, 2n);
  requireFreshKeys(ready);
});

test("domains of a kind begin with the cores that were configured for it", (t) => {
  const terms = open(t, false);
  const specs = housesOf({ ...terms, tuning: { ...DEFAULT_TUNING, cores: { plugin: "big" } } });
  for (const { kind, cpus } of specs.flatMap(({ domains }) => domains)) assert.equal(cpus, kind === "plugin" ? "big" : undefined);
});
