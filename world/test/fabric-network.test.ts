import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

import { makeCrypto } from "@crossguardian/crypto";
import { issue, keyPem, makeKey, makeOrganization, makeAuthority, revoke } from "@crossguardian/fabric-devnet";
import { CodedError, keyLabel } from "@crossguardian/kernel";
import { keyFromSlot } from "@crossguardian/plugin-fabric-blocks";

import { openKeySlots } from "../src/key-slots.ts";
import { certificateRequest } from "../src/kinds/fabric/network/certificate-request.ts";
import { type FabricNetwork } from "../src/kinds/fabric/network/fabric-network.ts";
import { planNetwork } from "../src/kinds/fabric/network/plan-network.ts";
import { readConnection } from "../src/kinds/fabric/network/read-connection.ts";
import { readTrust } from "../src/kinds/fabric/network/read-trust.ts";
import { BENCH_TOPOLOGY } from "../src/world.ts";

const folder = mkdtempSync(join(tmpdir(), "cg-fabric-network-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string | Uint8Array, mode = 0o644): string => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return path;
};

const organizations = ["Org1MSP", "Org2MSP", "OrdererMSP"].map((mspId) => makeOrganization(mspId));
const [own, other] = organizations as [ReturnType<typeof makeOrganization>, ReturnType<typeof makeOrganization>];
const tls = makeAuthority("tls");
const profile = (peer: Readonly<Record<string, unknown>>): string => JSON.stringify({ peers: { p1: peer } });
/** Nobody listens there: what fails before is found without a network. */
const PEER = { url: "grpcs://127.0.0.1:1", tlsCACerts: { pem: tls.pem }, grpcOptions: { "ssl-target-name-override": "peer0" } };
const reader = own.member("reader", "client");

const network = (change: Partial<FabricNetwork> = {}): FabricNetwork => ({
  connection: write("connection.json", profile(PEER)),
  channel: "trade", chaincode: "crossguardian", mspId: "Org1MSP",
  client: { certificate: write("reader.pem", reader.certificate.pem), key: write("reader.key", keyPem(reader.key), 0o600) },
  deployer: null,
  plugins: new Map(),
  organizations: organizations.map(({ mspId, authority }) => ({ mspId, authorities: [write(`${mspId}.pem`, authority.pem)], revocations: [] })),
  endorsement: { threshold: 2, mspIds: ["Org1MSP", "Org2MSP"], unit: "peer" },
  blocks: { threshold: 1, mspIds: ["OrdererMSP"], unit: "orderer" },
  ...change,
});

const slots = openKeySlots(join(folder, "keys"));
const plan = async (wish: FabricNetwork): Promise<unknown> =>
  planNetwork({
    name: "C", network: wish, peers: { rpc: "p1", witnesses: ["p1"], validatorWitnesses: [["p1"]] }, topology: { ...BENCH_TOPOLOGY, standby: [] },
    crypto: await makeCrypto(), slots, production: false, known: null, onSilent: () => assert.fail("nothing is known yet"),
  });

const refusal = async (run: () => unknown): Promise<readonly [string, string]> => {
  try {
    await run();
  } catch (error) {
    if (error instanceof CodedError) return [error.code, String(error.failure.facts["field"] ?? error.failure.facts["endpoint"])];
    throw error;
  }
  return ["", ""];
};

const slotKey = async (domain: string): ReturnType<typeof keyOf> => keyOf(domain);
const keyOf = async (domain: string) => keyFromSlot((await makeCrypto()).deriveKey(slots.rootOf(domain), keyLabel("account", "C")));
const enrolled = async (): Promise<FabricNetwork["plugins"]> => new Map([["plugin-c", write("plugin-c.pem", own.enrol("plugin-c", "client", createPublicKey(await slotKey("plugin-c"))).pem)]]);

test("a network whose files are as they have to be gets as far as its peers", async () => {
  assert.deepEqual(await refusal(async () => plan(network({ plugins: await enrolled() }))), ["config.chain.silent", "rpc"]);
});

test("each file that is not what it has to be is refused by its field before anything is asked", async () => {
  const plugins = await enrolled();
  const stranger = other.member("stranger", "client");
  const late = own.member("late", "client", { notAfter: new Date(Date.now() - 1_000) });
  const client = network().client;
  const cases: readonly (readonly [string, string, Partial<FabricNetwork>])[] = [
    ["config.fabric.file", "chains.C.connection", { connection: join(folder, "absent.json") }],
    ["config.fabric.file", "chains.C.connection", { connection: write("profile.yaml", "peers:\n  p1: x\n") }],
    ["config.fabric.file", "chains.C.connection", { connection: write("no-peer.json", JSON.stringify({ peers: {} })) }],
    ["config.fabric.exposed", "chains.C.client.key", { client: { ...client, key: write("exposed.key", keyPem(reader.key), 0o640) } }],
    ["config.fabric.file", "chains.C.client.key", { client: { ...client, key: write("no.key", "not a key", 0o600) } }],
    ["config.fabric.identity", "chains.C.client.key", { client: { ...client, key: write("other.key", keyPem(makeKey()), 0o600) } }],
    ["config.fabric.identity", "chains.C.client.certificate", { client: { certificate: write("stranger.pem", stranger.certificate.pem), key: write("stranger.key", keyPem(stranger.key), 0o600) } }],
    ["config.fabric.identity", "chains.C.client.certificate", { client: { certificate: write("late.pem", late.certificate.pem), key: write("late.key", keyPem(late.key), 0o600) } }],
    ["config.fabric.file", "chains.C.client.certificate", { client: { ...client, certificate: write("no.pem", "no certificate") } }],
    ["config.fabric.unenrolled", "chains.C.plugins.plugin-c", { plugins: new Map() }],
    ["config.fabric.unenrolled", "chains.C.plugins.plugin-c", { plugins: new Map([["plugin-c", client.certificate]]) }],
    ["config.field.invalid", "chains.C.mspId", { mspId: "Org9MSP" }],
    ["config.field.invalid", "chains.C.endorsement.organizations", { endorsement: { threshold: 1, mspIds: ["Org9MSP"], unit: "peer" } }],
    ["config.field.invalid", "chains.C.endorsement.threshold", { endorsement: { threshold: 3, mspIds: ["Org1MSP", "Org2MSP"], unit: "peer" } }],
  ];
  for (const [code, field, change] of cases) assert.deepEqual(await refusal(async () => plan(network({ plugins, ...change }))), [code, field], JSON.stringify([code, field]));
});

test("authorities must be authorities, and revocation lists signed by one of their organization", async () => {
  const gone = own.member("gone", "client").certificate.serial;
  const withList = (list: string | Uint8Array): FabricNetwork => network({ organizations: network().organizations.map((each) => (each.mspId === "Org1MSP" ? { ...each, revocations: [write("crl", list)] } : each)) });
  const list = revoke(own.authority, [gone]);
  assert.equal(readTrust("chains.C", withList(list)).isMember("Org1MSP", reader.certificate.pem), true);
  assert.equal(readTrust("chains.C", withList(`-----BEGIN X509 CRL-----\n${Buffer.from(list).toString("base64")}\n-----END X509 CRL-----\n`)).terms.length, readTrust("chains.C", withList(list)).terms.length);
  for (const bad of [revoke(other.authority, [gone]), "no list"]) {
    assert.deepEqual(await refusal(() => readTrust("chains.C", withList(bad))), ["config.fabric.file", "chains.C.organizations.Org1MSP.revocations"]);
  }
  const member = network({ organizations: [{ mspId: "Org1MSP", authorities: [write("member.pem", reader.certificate.pem)], revocations: [] }] });
  assert.deepEqual(await refusal(() => readTrust("chains.C", member)), ["config.fabric.file", "chains.C.organizations.Org1MSP.authorities"]);
});

test("a connection profile names a peer's TLS authorities by text, list or path, and the name in its certificate", () => {
  const read = (peer: Readonly<Record<string, unknown>>) => readConnection({ field: "connection", path: write("one.json", profile(peer)) }, ["p1"]).get("p1");
  write("tls/ca.pem", tls.pem);
  for (const tlsCACerts of [{ pem: tls.pem }, { pem: [tls.pem] }, { path: "tls/ca.pem" }]) assert.deepEqual(read({ ...PEER, tlsCACerts }), { host: "127.0.0.1:1", serverName: "peer0", authorityPem: tls.pem.trim() });
  assert.equal(read({ url: "grpcs://peer0.example.com:7051", tlsCACerts: { pem: tls.pem } })?.serverName, "peer0.example.com");
  const server = issue(tls, { commonName: "x", publicKey: createPublicKey(makeKey()) });
  assert.equal(read({ ...PEER, tlsCACerts: { pem: `${tls.pem}\n${server.pem}` } })?.authorityPem.match(/BEGIN/gu)?.length, 2);
  for (const bad of [{ ...PEER, url: "grpc://127.0.0.1:1" }, { ...PEER, url: "grpcs://127.0.0.1" }, { ...PEER, tlsCACerts: { pem: "x" } }, { ...PEER, tlsCACerts: {} }, { ...PEER, grpcOptions: { "ssl-target-name-override": "a b" } }]) {
    assert.throws(() => read(bad), { code: "config.fabric.file" }, JSON.stringify(bad));
  }
});

test("a certificate request is signed by the key it is for", async () => {
  const key = await slotKey("plugin-c");
  const der = Buffer.from(certificateRequest(key, "plugin-c").replaceAll(/-----[^-]+-----|\s/gu, ""), "base64");
  const SHORT = 2;
  const [outer, inner] = [lengthAt(der, 0), lengthAt(der, lengthAt(der, 0).header)];
  const info = der.subarray(outer.header, outer.header + inner.header + inner.content);
  const signature = der.subarray(der.lastIndexOf(Buffer.from("06082a8648ce3d040302", "hex")) + 10 + SHORT + 1);
  assert.ok(verify("sha256", info, createPublicKey(key), signature));
  assert.equal(outer.header + outer.content, der.length);
});

const lengthAt = (der: Buffer, at: number): { readonly header: number; readonly content: number } => {
  const first = der[at + 1] ?? 0;
  const bytes = first < 0x80 ? 0 : first & 0x7f;
  return { header: 2 + bytes, content: bytes === 0 ? first : der.readUIntBE(at + 2, bytes) };
};
