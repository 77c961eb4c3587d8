import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CodedError } from "@crossguardian/kernel";
import fc from "fast-check";
import { decodeHouseSpec } from "../src/index.ts";

const limits = { memoryBytes: 1, cpuQuotaPercent: null, pids: 1, tmpfsBytes: 1, tmpfsInodes: 1 };
const domain = (more: object = {}): object => ({
  name: "management", kind: "management", chain: null, standbyOf: null, port: 0, image: "management", entry: "domains/management/src/main.ts", role: "r",
  config: "", volume: false, keySlot: null, network: "none", limits, ...more,
});
const house = (more: object = {}): object => ({
  house: "a", instance: "i", runDir: "/run/x", dataDir: "/var/x", stateDir: "/var/s", driver: "oci", production: false, detection: "act", lifeline: false, access: null,
  policy: "/etc/a.flow", domains: [domain()], ...more,
});
const code = (value: unknown): string => {
  try {
    decodeHouseSpec(typeof value === "string" ? value : JSON.stringify(value));
    return "ok";
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
};

describe("a house file", () => {
  test("is decoded when every field is right", () => {
    assert.deepEqual(decodeHouseSpec(JSON.stringify(house())), house());
  });

  const wrong: readonly (readonly [string, unknown, string])[] = [
    ["text that is not JSON", "{", "config.json.malformed"],
    ["a missing field", { ...house(), driver: undefined }, "config.field.missing"],
    ["an unknown field", house({ more: 1 }), "config.field.unknown"],
    ["an unknown driver", house({ driver: "chroot" }), "config.field.invalid"],
    ["a path that climbs", house({ runDir: "/run/../etc" }), "config.field.invalid"],
    ["a relative path", house({ dataDir: "var" }), "config.field.invalid"],
    ["an entry outside the image", house({ domains: [domain({ entry: "../main.ts" })] }), "config.field.invalid"],
    ["an absolute entry", house({ domains: [domain({ entry: "/main.ts" })] }), "config.field.invalid"],
    ["a name with a slash", house({ domains: [domain({ name: "a/b" })] }), "config.field.invalid"],
    ["management elsewhere than on port 0", house({ domains: [domain({ port: 3 })] }), "config.field.invalid"],
    ["another kind on port 0", house({ domains: [domain(), domain({ name: "b", kind: "relay" })] }), "config.field.invalid"],
    ["two domains of one name", house({ domains: [domain(), domain({ kind: "relay", port: 1 })] }), "config.domain.duplicate"],
    ["a domain named like the switch", house({ domains: [domain(), domain({ name: "switch", kind: "relay", port: 1 })] }), "config.domain.duplicate"],
    ["a standby of a domain that there is not", house({ domains: [domain(), domain({ name: "r", kind: "relay", port: 1, standbyOf: "x" })] }), "config.domain.standby"],
    ["a standby of another kind", house({ domains: [domain(), domain({ name: "p", kind: "plugin", port: 1 }), domain({ name: "r", kind: "relay", port: 2, standbyOf: "p" })] }), "config.domain.standby"],
    ["a standby of management", house({ domains: [domain(), domain({ name: "r", kind: "management", port: 1, standbyOf: "management" })] }), "config.field.invalid"],
    ["a standby of a standby", house({ domains: [domain(), ...["p", "q", "r"].map((name, at) => domain({ name, kind: "relay", port: at + 1, standbyOf: ["p", "q"][at - 1] ?? null }))] }), "config.domain.standby"],
    ["no management", house({ domains: [] }), "config.domain.absent"],
    ["too many domains", house({ domains: Array.from({ length: 61 }, (_, at) => domain({ name: `d${String(at)}`, kind: "relay", port: at + 1 })) }), "config.field.invalid"],
    ["a negative limit", house({ domains: [domain({ limits: { ...limits, pids: -1 } })] }), "config.field.invalid"],
    ["a configuration that is not base64", house({ domains: [domain({ config: "$" })] }), "config.field.invalid"],
    ["a list", [], "config.field.invalid"],
  ];
  for (const [what, value, expected] of wrong) {
    test(`with ${what} is refused with ${expected}`, () => assert.equal(code(value), expected));
  }

  test("of any shape is decoded or refused with a code", () => {
    const fields = Object.keys(house());
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.jsonValue(), (field, value) => {
        code(house({ [field]: value }));
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => void code(text)));
  });
});
