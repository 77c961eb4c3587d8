import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError } from "@crossguardian/kernel";
import { makeGrants, parseAddress } from "../src/index.ts";

const coded = (code: string) => (error: unknown) => error instanceof CodedError && error.code === code;

test("addresses of the three schemes are read", () => {
  assert.deepEqual(parseAddress("tcp://127.0.0.1:8545"), { scheme: "tcp", host: "127.0.0.1", port: 8545 });
  assert.deepEqual(parseAddress("tls://node.example.org:443"), { scheme: "tls", host: "node.example.org", port: 443 });
  assert.deepEqual(parseAddress("tcp://[::1]:1"), { scheme: "tcp", host: "::1", port: 1 });
  assert.deepEqual(parseAddress("unix:/run/anvil.ipc"), { scheme: "unix", path: "/run/anvil.ipc" });
});

test("anything else is no address", () => {
  const bad = ["", "127.0.0.1:1", "http://a:1", "tcp://a", "tcp://a:0", "tcp://a:65536", "tcp://a b:1", "tcp://a:1/x", "unix:run/x", "unix:/a\0b", `unix:/${"x".repeat(120)}`, "tcp://user@a:1", "tls://:1"];
  for (const text of bad) assert.throws(() => parseAddress(text), coded("network.address.malformed"), text);
});

const grant = (domain: string, endpoint: string, address = "tcp://a:1") => ({ domain, endpoint, address });

test("a grant is for one domain and one name, exactly as written", () => {
  const { addressOf } = makeGrants({ grants: [grant("plugin-a", "rpc"), grant("plugin-b", "rpc", "tcp://b:2")], intakes: [] });
  assert.deepEqual(addressOf("plugin-b", "rpc"), { scheme: "tcp", host: "b", port: 2 });
  for (const [domain, endpoint] of [["plugin-a", "RPC"], ["plugin-c", "rpc"], ["plugin-a", ""], ["plugin-a\0rpc", ""], ["", "plugin-a\0rpc"]] as const) {
    assert.equal(addressOf(domain, endpoint), null);
  }
});

test("a list with a name twice, or an intake with TLS, stops the start", () => {
  assert.throws(() => makeGrants({ grants: [grant("a", "x"), grant("a", "x")], intakes: [] }), coded("network.grant.twice"));
  const intake = { domain: "a", name: "n", listen: "unix:/x" };
  assert.throws(() => makeGrants({ grants: [], intakes: [intake, intake] }), coded("network.grant.twice"));
  assert.throws(() => makeGrants({ grants: [], intakes: [{ ...intake, listen: "tls://a:1" }] }), coded("network.address.malformed"));
});
