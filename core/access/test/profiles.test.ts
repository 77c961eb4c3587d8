import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  checkProfiles, decodeProfiles, decodeSignedProfiles, encodeProfiles, encodeSignedProfiles, FLOORS, isAsStrict, isCredentialFit, type Level, LEVELS, pairsOf, type ProfileDocument, type SecurityProfile, type SecurityTerms,
  stricterOf,
} from "../src/index.ts";
import { documentOf, FIRST, profileSignatureOf, verifySignature } from "./support.ts";

const DAY_MS = 86_400_000;

const plugin = (house: string, chain: string, level: Level, more: Partial<SecurityTerms> = {}): SecurityProfile =>
  ({ house, domain: `plugin-${chain.toLowerCase()}`, kind: "plugin", chain, ...FLOORS[level], ...more });
const profiles = (...list: readonly SecurityProfile[]): ProfileDocument => ({ version: 0, instance: "demo", profiles: list });
const outcome = (document: ProfileDocument): string => {
  const decoded = decodeProfiles(encodeProfiles(document));
  return decoded.ok ? "ok" : decoded.failure.code;
};

describe("a document of security profiles", () => {
  test("is decoded to what was encoded", () => {
    const document = profiles(plugin("gateway-a", "A", "standard"), plugin("gateway-b", "C", "high"));
    assert.deepEqual(decodeProfiles(encodeProfiles(document)), { ok: true, value: document });
  });

  const weak: readonly (readonly [string, SecurityProfile, string])[] = [
    ["older TLS than its level asks for", plugin("gateway-a", "A", "high", { tlsMin: "TLSv1.2" }), "access.profile.floor"],
    ["a suite its level does not have", plugin("gateway-a", "A", "high", { suites: ["aes-256-gcm", "chacha20-poly1305"] }), "access.profile.floor"],
    ["keys that last longer", plugin("gateway-a", "A", "standard", { keyLifetimeDays: 731 }), "access.profile.floor"],
    ["credentials without an end", plugin("gateway-a", "A", "high", { credentials: { longestDays: null, officers: 2 } }), "access.profile.floor"],
    ["fewer than two officers", plugin("gateway-a", "A", "basic", { credentials: { longestDays: null, officers: 1 } }), "access.profile.malformed"],
    ["no suite", plugin("gateway-a", "A", "basic", { suites: [] }), "access.profile.malformed"],
  ];
  for (const [what, profile, code] of weak) test(`with ${what} is refused`, () => assert.equal(outcome(profiles(profile)), code));

  test("refuses plugins of different levels in one house, and takes them in two", () => {
    assert.equal(outcome(profiles(plugin("gateway-a", "A", "standard"), plugin("gateway-a", "B", "high"))), "access.profile.mixed");
    assert.equal(outcome(profiles(plugin("gateway-a", "A", "standard"), plugin("gateway-b", "B", "high"))), "ok");
  });

  test("refuses a pair of chains without a suite in common, and a domain named twice", () => {
    assert.equal(outcome(profiles(plugin("gateway-a", "A", "high"), plugin("gateway-b", "C", "standard", { suites: ["chacha20-poly1305"] }))), "access.profile.pair");
    assert.equal(outcome(profiles(plugin("gateway-a", "A", "high"), plugin("gateway-a", "A", "high"))), "access.profile.malformed");
  });

  test("is refused for any other bytes, and never throws", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const decoded = decodeProfiles(text);
      const signed = decodeSignedProfiles(text);
      return !decoded.ok && decoded.failure.code === "access.profile.malformed" && !signed.ok;
    }));
  });
});

const terms = fc.record({
  level: fc.constantFrom(...LEVELS), suites: fc.constantFrom(["aes-256-gcm"] as const, ["aes-256-gcm", "chacha20-poly1305"] as const, ["chacha20-poly1305", "aes-256-gcm"] as const), tlsMin: fc.constantFrom("TLSv1.2" as const, "TLSv1.3" as const),
  keyLifetimeDays: fc.integer({ min: 1, max: 3_650 }), credentials: fc.record({ longestDays: fc.option(fc.integer({ min: 1, max: 3_650 })), officers: fc.integer({ min: 2, max: 9 }) }),
});

describe("a pair of chains", () => {
  test("uses what satisfies both sides, whichever comes first", () => {
    fc.assert(fc.property(terms, terms, (left, right) => {
      const both = stricterOf(left, right);
      assert.ok(isAsStrict(both, left) && isAsStrict(both, right));
      const { suites, ...rest } = stricterOf(right, left);
      const { suites: others, ...same } = both;
      assert.deepEqual(rest, same);
      assert.deepEqual([...suites].sort(), [...others].sort());
    }));
  });

  test("has the suites of its stricter chain on both sides, and of the interaction domains that seal for it", () => {
    const document = profiles(plugin("gateway-a", "A", "standard"), plugin("gateway-b", "C", "high"), plugin("gateway-c", "E", "standard"));
    const suitesOf = (house: string) => Object.fromEntries(pairsOf(document, house).map(({ chain, peer, terms: { suites } }) => [`${chain}-${peer}`, suites]));
    assert.deepEqual(suitesOf("gateway-a"), { "A-C": ["aes-256-gcm"], "A-E": ["aes-256-gcm", "chacha20-poly1305"] });
    assert.deepEqual(suitesOf("gateway-b"), { "C-A": ["aes-256-gcm"], "C-E": ["aes-256-gcm"] });
    const sealing: SecurityProfile = { ...plugin("gateway-a", "A", "standard", { suites: ["aes-256-gcm"] }), domain: "interaction", kind: "interaction", chain: null };
    assert.deepEqual(pairsOf(profiles(...document.profiles, sealing), "gateway-c").find(({ peer }) => peer === "A")?.terms.suites, ["aes-256-gcm"]);
  });
});

describe("signed profiles", () => {
  const text = encodeProfiles(profiles(plugin("gateway-a", "A", "standard")));
  const check = (signatures: readonly ReturnType<typeof profileSignatureOf>[], what = text, access = FIRST, instance = "demo"): string => {
    const signed = decodeSignedProfiles(encodeSignedProfiles({ text: what, signatures }));
    assert.ok(signed.ok);
    const checked = checkProfiles(verifySignature, access, instance, signed.value);
    return checked.ok ? "ok" : checked.failure.code;
  };
  const both = [profileSignatureOf(text, "olga"), profileSignatureOf(text, "otto")];

  test("need two officers' signatures of exactly this text", () => {
    assert.equal(check(both), "ok");
    assert.equal(check([]), "access.profile.unsigned");
    assert.equal(check([both[0]!]), "access.profile.unsigned");
    assert.equal(check([both[0]!, both[0]!]), "access.profile.unsigned");
    assert.equal(check(both, text.replace('"keyLifetimeDays":730', '"keyLifetimeDays":729')), "access.profile.signature");
  });

  test("are refused with a signature of somebody who is no officer, or made with another key", () => {
    assert.equal(check([...both, profileSignatureOf(text, "ann")]), "access.profile.signature");
    assert.equal(check([both[0]!, profileSignatureOf(text, "otto", "ann")]), "access.profile.signature");
    assert.equal(check(both, text, documentOf({ olga: "security-officer", oda: "security-officer" })), "access.profile.signature");
  });

  test("need as many officers as they ask for themselves, and are for one instance", () => {
    const strict = encodeProfiles(profiles(plugin("gateway-a", "A", "standard", { credentials: { longestDays: null, officers: 3 } })));
    const signatures = ["olga", "otto", "oda"].map((name) => profileSignatureOf(strict, name));
    assert.equal(check(signatures.slice(0, 2), strict), "access.profile.unsigned");
    assert.equal(check(signatures, strict), "ok");
    assert.equal(check(both, text, FIRST, "other"), "access.profile.instance");
  });
});

test("a credential fits when it ends soon enough, or need not end", () => {
  const fits = (longestDays: number | null, expiresMs: number | null): boolean => isCredentialFit({ longestDays, officers: 2 }, { expiresMs }, DAY_MS);
  assert.deepEqual([fits(null, null), fits(10, null), fits(10, 11 * DAY_MS), fits(10, 11 * DAY_MS + 1)], [true, false, true, false]);
});
