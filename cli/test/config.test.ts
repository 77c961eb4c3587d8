import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { CodedError } from "@crossguardian/kernel";
import { pluginsOf } from "@crossguardian/world";
import fc from "fast-check";

import { writeNewConfig } from "../src/commands/init.ts";
import { checkConfig } from "../src/config/check-config.ts";
import { decodeConfig } from "../src/config/decode-config.ts";
import { parseIsolation } from "../src/config/decode-isolation.ts";
import { defaultConfigText } from "../src/config/default-config.ts";
import { type GatewayConfig } from "../src/config/gateway-config.ts";
import { topologyOf } from "../src/config/world-wish.ts";
import { readConfig } from "../src/config/read-config.ts";

type Json = { [key: string]: unknown };

const text = defaultConfigText("main", "/var/lib/crossguardian/instances/main");
const fresh = (): Json => JSON.parse(text) as Json;
const hosts = (...names: string[]): string[] => names.map((name) => `https://${name}.example.org/rpc`);
const real = (change: (chain: Json) => Json = (chain) => chain): Json => {
  const { development: _, ...rest } = fresh();
  const chain = (gateway: string): Json => ({ gateway, rpc: "https://rpc.example.org", witnesses: hosts("w1", "w2", "w3"), validatorWitnesses: [1, 2, 3, 4].map((of) => hosts(`v${of}-1`, `v${of}-2`, `v${of}-3`)), depth: 12 });
  return { ...rest, chains: { A: change(chain("gateway-a")), C: chain("gateway-b") } };
};
const decoded = (value: Json): GatewayConfig => decodeConfig(JSON.stringify(value));
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
  return "";
};

test("the configuration that init writes decodes and passes its checks", () => {
  const config = checkConfig(decodeConfig(text));
  assert.deepEqual(config.chains.map(({ name, gateway }) => [name, gateway]), [["A", "gateway-a"], ["C", "gateway-b"]]);
  assert.equal(config.development?.kind, "anvil");
});

test("a configuration with endpoints of the operator's own decodes and passes its checks", () => {
  const config = checkConfig(decoded({ ...real(), production: true }));
  assert.equal(config.chains[0]?.endpoints?.witnesses.length, 3);
});

test("no text causes anything but a coded refusal", () => {
  const refused = (untrusted: string): void => {
    assert.match(codeOf(() => checkConfig(decodeConfig(untrusted))), /^(config\..+)?$/u);
  };
  fc.assert(fc.property(fc.string(), refused));
  fc.assert(fc.property(fc.json({ maxDepth: 4 }), refused));
});

const pathsOf = (value: unknown, at: readonly string[] = []): (readonly string[])[] =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value).filter(([key]) => !key.startsWith("//")).flatMap(([key, inner]) => [[...at, key], ...pathsOf(inner, [...at, key])])
    : [];

const without = (value: Json, [head = "", ...rest]: readonly string[]): Json => {
  if (rest.length > 0) return { ...value, [head]: without(value[head] as Json, rest) };
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== head));
};

const withValue = (value: Json, [head = "", ...rest]: readonly string[], put: unknown): Json => ({ ...value, [head]: rest.length === 0 ? put : withValue(value[head] as Json, rest, put) });

test("a missing field is named", () => {
  for (const whole of [fresh(), real()]) {
    for (const path of pathsOf(whole)) {
      if (path.at(-1) === "development" || path[0] === "chains" && path.length === 2) continue;
      const code = codeOf(() => decoded(without(whole, path)));
      assert.equal(code, "config.field.missing", path.join("."));
      assert.throws(() => decoded(without(whole, path)), (error: CodedError) => error.failure.facts["field"] === path.join("."));
    }
  }
});

test("an unknown field is refused at every level, a comment is not", () => {
  for (const path of [[], ["relay"], ["development"], ["chains", "A"]]) {
    assert.equal(codeOf(() => decoded(withValue(fresh(), [...path, "unheard"], 1))), "config.field.unknown");
    assert.equal(codeOf(() => decoded(withValue(fresh(), [...path, "// unheard"], { any: "thing" }))), "");
  }
  assert.equal(codeOf(() => decodeConfig(text.replace('"version"', '"__proto__": {}, "version"'))), "config.field.unknown");
});

test("any value in any field is taken or refused by code, and never changes the type of what is decoded", () => {
  const paths = pathsOf(fresh());
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.oneof(fc.jsonValue(), fc.double(), fc.string()), (path, put) => {
      assert.match(codeOf(() => checkConfig(decoded(withValue(fresh(), path, put)))), /^(config\..+)?$/u);
    }),
  );
});

test("service modules are named, have services, and no service has two", () => {
  const withModules = (modules: unknown, more: Json = {}): GatewayConfig => decoded(withValue(fresh(), ["chains", "A"], { gateway: "gateway-a", modules, ...more }));
  const modules = { asset: ["vault"], data: ["data", "shop"] };
  const config = checkConfig(withModules(modules));
  assert.deepEqual(config.chains[0]?.modules, modules);
  assert.deepEqual(topologyOf(config).modules, { A: modules });
  assert.equal(topologyOf(checkConfig(decoded(fresh()))).modules, undefined);
  for (const wrong of [[], "asset", { asset: [] }, { asset: "vault" }, { "a-b": ["vault"] }, { "": ["vault"] }, { asset: ["a/b"] }, { asset: ["vault"], data: ["vault"] }, { asset: ["vault", "vault"] }, Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`m${at}`, [`s${at}`]]))]) {
    assert.equal(codeOf(() => withModules(wrong)), "config.field.invalid", JSON.stringify(wrong));
  }
  assert.equal(codeOf(() => withModules(modules, { kind: "fabric" })), "config.field.invalid");
});

test("a key twice is refused: of two readers one would take the first and the other the last", () => {
  assert.equal(codeOf(() => decodeConfig(text.replace('"version"', '"production": true, "version"'))), "kernel.json.keyTwice");
});

test("URLs with other protocols, credentials or fragments are refused", () => {
  for (const rpc of ["file:///etc/passwd", "ftp://a.org", "https://user:secret@a.org", "https://a.org/#x", "not a url", "", `https://${"a".repeat(600)}.org`]) {
    assert.equal(codeOf(() => decoded(real((chain) => ({ ...chain, rpc })))), "config.field.invalid", rpc);
  }
});

test("the threshold must be above (n + f) / 2 and at most n - f", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 32 }), fc.integer({ min: 0, max: 32 }), fc.integer({ min: 1, max: 32 }), (validators, faulty, threshold) => {
      const relay = { listen: "127.0.0.1", port: 0, validators, faulty, threshold };
      const isRight = threshold > (validators + faulty) / 2 && threshold <= validators - faulty;
      assert.equal(codeOf(() => checkConfig(decoded({ ...fresh(), relay }))), isRight ? "" : "config.threshold.range");
    }),
  );
});

test("a quorum of half the witnesses, or of more than there are, is refused", () => {
  for (const [quorum, isRight] of [[1, false], [2, true], [3, true], [4, false]] as const) {
    assert.equal(codeOf(() => checkConfig(decoded({ ...fresh(), quorum }))), isRight ? "" : "config.quorum.range");
  }
});

test("witnesses that share a host are refused in production, under any name for its port", () => {
  const shared = real((chain) => ({ ...chain, witnesses: ["https://w1.example.org/a", "wss://w1.example.org:443/b", "https://w3.example.org"] }));
  assert.equal(codeOf(() => checkConfig(decoded(shared))), "");
  assert.equal(codeOf(() => checkConfig(decoded({ ...shared, production: true }))), "config.endpoint.shared");
  const withPlugin = real((chain) => ({ ...chain, rpc: "https://v2-1.example.org/other" }));
  assert.equal(codeOf(() => checkConfig(decoded({ ...withPlugin, production: true }))), "config.endpoint.shared");
});

test("validators that ask one list of endpoints are refused in production, and a list too few or too many always", () => {
  const lists = (count: number): Json =>
    real((chain) => ({ ...chain, validatorWitnesses: Array.from({ length: count }, (_, of) => hosts(`u${of}-1`, `u${of}-2`, `u${of}-3`)) }));
  const one = real((chain) => ({ ...chain, validatorWitnesses: hosts("v1", "v2", "v3") }));
  assert.equal(codeOf(() => checkConfig(decoded(one))), "");
  assert.equal(codeOf(() => checkConfig(decoded({ ...one, production: true }))), "config.endpoint.shared");
  for (const count of [2, 3, 5]) assert.equal(codeOf(() => checkConfig(decoded(lists(count)))), "config.field.invalid");
  assert.equal(codeOf(() => checkConfig(decoded({ ...lists(4), production: true }))), "");
});

test("isolation is one driver or one by kind of domain, and production leaves no domain without", () => {
  const mixed = { default: "oci", interaction: "gvisor" };
  assert.deepEqual(decoded({ ...real(), isolation: mixed }).isolation, mixed);
  assert.deepEqual(parseIsolation("interaction=gvisor"), mixed);
  assert.equal(parseIsolation("gvisor"), "gvisor");
  for (const isolation of ["chroot", { interaction: "gvisor" }, { default: "oci", orderer: "gvisor" }, { default: "oci", relay: "chroot" }, null]) {
    assert.match(codeOf(() => decoded({ ...real(), isolation })), /^config\.field\./u);
  }
  for (const text of ["relay=", "gvisor,oci=", "relay=gvisor=oci", "=gvisor"]) assert.match(codeOf(() => parseIsolation(text)), /^config\.field\./u);
  assert.equal(codeOf(() => checkConfig(decoded({ ...real(), production: true, isolation: { default: "oci", relay: "none" } }))), "config.production.isolation");
});

test("production needs isolation and chains of its own", () => {
  assert.equal(codeOf(() => checkConfig(decoded({ ...real(), production: true, isolation: "none" }))), "config.production.isolation");
  assert.equal(codeOf(() => checkConfig(decoded({ ...fresh(), production: true }))), "config.production.development");
});

test("one gateway alone, a gateway called relay, and chains that differ in capitals are refused", () => {
  const chains = (value: Json): Json => ({ ...fresh(), chains: value });
  assert.equal(codeOf(() => checkConfig(decoded(chains({ A: { gateway: "g" }, B: { gateway: "g" } })))), "config.gateway.alone");
  assert.equal(codeOf(() => checkConfig(decoded(chains({ A: { gateway: "relay" }, B: { gateway: "g" } })))), "config.field.invalid");
  assert.equal(codeOf(() => checkConfig(decoded(chains({ A: { gateway: "g" }, a: { gateway: "h" } })))), "config.chain.nameTwice");
  assert.equal(codeOf(() => checkConfig(decoded({ ...fresh(), name: "n".repeat(14), chains: { A: { gateway: "gateway-long" }, B: { gateway: "h" } } }))), "config.name.long");
});

test("init writes a readable configuration with its guide, and overwrites nothing", () => {
  const folder = mkdtempSync(join(tmpdir(), "cg-init-"));
  try {
    const { config, guide } = writeNewConfig(folder, "bridge", "/var/lib/crossguardian/instances");
    assert.equal(readConfig(folder).name, "bridge");
    assert.equal(readConfig(config).dataDir, "/var/lib/crossguardian/instances/bridge");
    assert.match(readFileSync(guide, "utf8"), /contracts deploy/u);
    assert.equal(codeOf(() => writeNewConfig(folder, "bridge", "/x")), "config.file.exists");
    rmSync(config);
    assert.equal(codeOf(() => writeNewConfig(folder, "bridge", "/x")), "config.file.exists");
    assert.equal(codeOf(() => writeNewConfig("/proc/nowhere", "bridge", "/x")), "cli.folder.unwritable");
    assert.equal(codeOf(() => writeNewConfig("/proc", "bridge", "/x")), "config.file.unwritable");
    writeFileSync(config, " ".repeat(300_000));
    assert.equal(codeOf(() => readConfig(config)), "config.file.oversize");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const FABRIC = {
  gateway: "gateway-b", kind: "fabric", connection: "fabric/connection.json", channel: "trade", chaincode: "crossguardian", mspId: "Org1MSP",
  rpc: "peer0.org1", witnesses: ["peer0.org1", "peer0.org2", "peer0.org3"], validatorWitnesses: ["peer0.org1", "peer0.org2", "peer0.org3"], depth: 0,
  client: { certificate: "fabric/reader.pem", key: "fabric/reader.key" },
  plugins: { "plugin-c": "fabric/plugin-c.pem" },
  organizations: { Org1MSP: { authorities: ["fabric/org1.pem"] }, OrdererMSP: { authorities: ["fabric/orderer.pem"], revocations: ["/etc/crl.pem"] } },
  endorsement: { threshold: 1, organizations: ["Org1MSP"], unit: "peer" },
  blocks: { threshold: 1, organizations: ["OrdererMSP"], unit: "orderer" },
};
const withFabric = (change: Json = {}): Json => {
  const value = real();
  const { A } = value["chains"] as Json;
  return { ...value, chains: { A, C: { ...FABRIC, ...change } } };
};

test("a Fabric channel is named by its files, and their paths begin where the configuration lies", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cg-config-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "crossguardian.json");
  writeFileSync(path, JSON.stringify(withFabric()));
  const chain = readConfig(path).chains[1];
  assert.deepEqual([chain?.kind, chain?.endpoints?.rpc, chain?.network?.channel], ["fabric", "peer0.org1", "trade"]);
  assert.equal(chain?.network?.connection, join(folder, "fabric/connection.json"));
  assert.equal(chain?.network?.plugins.get("plugin-c"), join(folder, "fabric/plugin-c.pem"));
  assert.deepEqual(chain?.network?.organizations.map(({ mspId, revocations }) => [mspId, revocations]), [["Org1MSP", []], ["OrdererMSP", ["/etc/crl.pem"]]]);
  assert.equal(chain?.network?.deployer, null);
});

test("a field of a Fabric channel that is missing, unknown or of another form is refused by its name", () => {
  const cases: readonly (readonly [string, Json])[] = [
    ["config.field.unknown", { peer: "x" }],
    ["config.field.invalid", { channel: "Trade" }],
    ["config.field.invalid", { witnesses: [] }],
    ["config.field.invalid", { plugins: { C: "x.pem" } }],
    ["config.field.missing", { client: { certificate: "x.pem" } }],
    ["config.field.invalid", { organizations: {} }],
    ["config.field.invalid", { endorsement: { threshold: 0, organizations: ["Org1MSP"], unit: "peer" } }],
    ["config.field.missing", { blocks: { threshold: 1, organizations: ["OrdererMSP"] } }],
    ["config.quorum.range", { witnesses: ["peer0.org1"] }],
  ];
  for (const [code, change] of cases) assert.equal(codeOf(() => checkConfig(decoded(withFabric(change)))), code, JSON.stringify(change));
  for (const field of Object.keys(FABRIC).filter((each) => each !== "kind")) {
    assert.equal(codeOf(() => decoded(withFabric({ [field]: undefined }))), "config.field.missing", field);
  }
});

test("a plugin of an EVM chain may have replicas, each a domain of its own; no other domain may, and the refusal says why", () => {
  const withReplicas = (replicas: unknown, more: Json = {}): GatewayConfig => decoded({ ...fresh(), replicas, ...more });
  const config = checkConfig(withReplicas({ "plugin-a": 3 }));
  assert.deepEqual(config.chains.map(({ name, replicas }) => [name, replicas]), [["A", 3], ["C", 1]]);
  assert.deepEqual(topologyOf(config).replicas, { A: 3 });
  assert.deepEqual(pluginsOf(topologyOf(config), "A"), ["plugin-a", "plugin-a-standby", "replica-a-2", "replica-a-3"]);
  assert.equal(topologyOf(checkConfig(decoded(fresh()))).replicas, undefined);
  for (const domain of ["interaction", "relay", "witness-a-1", "plugin-x", "orderer"]) assert.equal(codeOf(() => withReplicas({ [domain]: 2 })), "config.replicas.role", domain);
  assert.equal(codeOf(() => withReplicas({ "plugin-c": 2 }, { chains: { A: { gateway: "gateway-a" }, C: { gateway: "gateway-b", kind: "fabric" } } })), "config.replicas.role");
  for (const count of [0, 9, 1.5, "2"]) assert.equal(codeOf(() => withReplicas({ "plugin-a": count })), "config.field.invalid");
  assert.equal(codeOf(() => withReplicas(["plugin-a"])), "config.field.invalid");
});

test("urgent requests overtake others unless the configuration says otherwise", () => {
  assert.deepEqual([decoded(fresh()).priorities, decoded({ ...fresh(), priorities: false }).priorities], [true, false]);
  assert.equal(codeOf(() => decoded({ ...fresh(), priorities: "no" })), "config.field.invalid");
});

test("tightening is on and every core is for every domain unless the configuration says otherwise, for kinds of domains that there are", () => {
  assert.deepEqual([decoded(fresh()).tightening, decoded(fresh()).cores], [true, {}]);
  const { tightening, cores } = decoded({ ...fresh(), tightening: false, cores: { management: "big", witness: "little", plugin: "0-1,3" } });
  assert.deepEqual([tightening, cores], [false, { plugin: "0-1,3", witness: "little", management: "big" }]);
  assert.equal(codeOf(() => decoded({ ...fresh(), tightening: 1 })), "config.field.invalid");
  assert.equal(codeOf(() => decoded({ ...fresh(), cores: { plugin: "fast" } })), "config.field.invalid");
  assert.equal(codeOf(() => decoded({ ...fresh(), cores: { user: "big" } })), "config.field.unknown");
});
