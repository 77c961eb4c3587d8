import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { devAccounts, type DevChain, startChain } from "@crossguardian/devnet";
import { CodedError, type Failure } from "@crossguardian/kernel";
import { makeRpc, type PublicKeys, readSavedWorld } from "@crossguardian/world";

import { defaultConfigText } from "../src/config/default-config.ts";
import { type Context } from "../src/context.ts";
import { failureOf, makeProgram } from "../src/program.ts";

const [deployer, user] = devAccounts(2);
const folder = mkdtempSync(join(tmpdir(), "cg-operator-"));
const dataDir = join(folder, "instances", "own");
const configPath = join(folder, "crossguardian.json");
const keyPath = join(folder, "deployer.key");
let chains: DevChain[] = [];
let printed: unknown = null;

const context: Context = {
  places: { runRoot: join(folder, "run"), stateDir: folder, dataRoot: join(folder, "instances") },
  print: (_json, value) => {
    printed = value;
  },
  say: () => undefined,
  setExitCode: () => undefined,
  stopSignal: () => new AbortController().signal,
  needRoot: () => undefined,
};

const run = async <T>(...args: readonly string[]): Promise<T> => {
  printed = null;
  await makeProgram(context).parseAsync(["node", "crossguardian", ...args]);
  return printed as T;
};

const refusal = async (...args: readonly string[]): Promise<Failure> => {
  try {
    await run(...args);
  } catch (error) {
    const failed = failureOf(error);
    if (failed !== null) return failed;
  }
  throw new Error("it was not refused");
};

const writeConfig = (urls: readonly [string, string]): void => {
  const config = JSON.parse(defaultConfigText("own", dataDir)) as { development?: unknown; chains: unknown };
  delete config.development;
  const chain = (gateway: string, url: string): unknown => ({ gateway, rpc: url, witnesses: [url, url, url], validatorWitnesses: [url, url, url], depth: 1 });
  config.chains = { A: chain("gateway-a", urls[0]), C: chain("gateway-b", urls[1]) };
  writeFileSync(configPath, JSON.stringify(config));
};

const urlOf = (at: number): string => chains[at]?.url ?? "";
const nonceOn = async (at: number): Promise<number> => Number(await makeRpc(urlOf(at)).call<string>("eth_getTransactionCount", [deployer!.address, "latest"]));

before(async () => {
  chains = await Promise.all([31_401, 31_402, 31_401].map(async (chainId) => startChain({ kind: "anvil", chainId, blockTimeMs: null })));
  writeFileSync(keyPath, deployer!.privateKey, { mode: 0o600 });
  writeConfig([urlOf(0), urlOf(1)]);
});

after(async () => {
  await Promise.all(chains.map(async (chain) => chain.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const DEPLOY = ["contracts", "deploy", "--config", configPath, "--key", keyPath];
const REGISTER = ["service", "register", "--config", configPath];
type Deployed = { readonly chains: readonly { readonly chain: string; readonly gateway: `0x${string}`; readonly made: boolean; readonly transactions: number }[] };
type Registered = { readonly nonce: number; readonly added: boolean; readonly handedOver: boolean; readonly transactions: readonly unknown[] };

test("up says which command is missing before there are contracts", async () => {
  const failed = await refusal("up", "--config", configPath);
  assert.equal(failed.code, "cli.world.unready");
  assert.match(String(failed.facts["next"]), /contracts deploy/u);
  assert.equal((await refusal(...REGISTER)).code, "cli.deploy.missing");
});

test("two chains with one chain id, a silent endpoint and an endpoint of another chain are refused before a transaction is sent", async () => {
  writeConfig([urlOf(0), urlOf(2)]);
  assert.equal((await refusal(...DEPLOY)).code, "config.chain.idTwice");
  writeConfig([urlOf(0), "http://127.0.0.1:9"]);
  assert.equal((await refusal(...DEPLOY)).code, "config.chain.silent");
  const text = readFileSync(configPath, "utf8").replaceAll("http://127.0.0.1:9", urlOf(1));
  writeFileSync(configPath, text.replace(`"witnesses":["${urlOf(0)}"`, `"witnesses":["${urlOf(1)}"`));
  assert.equal((await refusal(...DEPLOY)).code, "config.chain.mismatch");
  writeConfig([urlOf(0), urlOf(1)]);
  assert.equal(await nonceOn(0), 0);
});

test("key files that others can read, that hold no key or are absent are refused", async () => {
  chmodSync(keyPath, 0o644);
  assert.equal((await refusal(...DEPLOY)).code, "cli.key.exposed");
  chmodSync(keyPath, 0o600);
  const bad = join(folder, "bad.key");
  writeFileSync(bad, "not a key", { mode: 0o600 });
  assert.equal((await refusal("contracts", "deploy", "--config", configPath, "--key", bad)).code, "cli.key.malformed");
  assert.equal((await refusal("contracts", "deploy", "--config", configPath, "--key", join(folder, "absent"))).code, "cli.key.missing");
});

test("one chain alone can be deployed, the other one later, and both are then connected", async () => {
  const first = await run<Deployed>(...DEPLOY, "--chain", "A");
  assert.deepEqual(first.chains.map(({ chain, made }) => [chain, made]), [["A", true]]);
  assert.match(String((await refusal("up", "--config", configPath)).facts["why"]), /no contracts on C/u);
  const second = await run<Deployed>(...DEPLOY, "--fund", "1.5");
  assert.deepEqual(second.chains.map(({ chain, made }) => [chain, made]), [["A", false], ["C", true]]);
  const { deployments, chains: plans, unfinished } = readSavedWorld(dataDir);
  assert.equal(deployments.size, 2);
  assert.equal(unfinished?.size, 0);
  assert.ok((plans[1]?.deployHeight ?? 0) >= 1);
});

test("a second deployment sends nothing", async () => {
  const nonces = [await nonceOn(0), await nonceOn(1)];
  const again = await run<Deployed>(...DEPLOY);
  assert.deepEqual(again.chains.map(({ made, transactions }) => [made, transactions]), [[false, 0], [false, 0]]);
  assert.deepEqual([await nonceOn(0), await nonceOn(1)], nonces);
});

test("registration is signed, kept, and added once", async () => {
  assert.match(String((await refusal("up", "--config", configPath)).facts["next"]), /service register/u);
  assert.deepEqual(await run<Registered>(...REGISTER), { nonce: 1, added: true, handedOver: false, transactions: [] });
  assert.deepEqual(await run<Registered>(...REGISTER), { nonce: 1, added: false, handedOver: false, transactions: [] });
});

test("governance keys that were moved away are not made anew, and are taken from where they are", async () => {
  const keys = [1, 2, 3].map((at) => join(dataDir, "keys", `governor-${at}.key`));
  const moved = keys.map((_, at) => join(folder, `moved-${at}.key`));
  keys.forEach((path, at) => {
    renameSync(path, moved[at] ?? "");
  });
  const data = readSavedWorld(dataDir).deployments.get("A")?.data ?? "0x";
  const more = [...REGISTER, "--service", "1356:A:copy", "--address", data];
  assert.equal((await refusal(...more)).code, "cli.governor.few");
  assert.ok(keys.every((path) => !existsSync(path)));
  assert.equal((await refusal(...more, "--governor", keyPath, "--governor", moved[0] ?? "")).code, "cli.key.foreign");
  const added = await run<Registered>(...more, "--governor", moved[2] ?? "", "--governor", moved[0] ?? "");
  assert.equal(added.nonce, 2);
  const shown = await run<PublicKeys>("keys", "show", "--config", configPath);
  assert.equal(shown.governors.keysHere, 0);
  keys.forEach((path, at) => {
    renameSync(moved[at] ?? "", path);
  });
});

test("a service without code, on an unknown chain, or with a malformed id is refused", async () => {
  const [nobody] = devAccounts(5).slice(-1);
  assert.equal((await refusal(...REGISTER, "--service", "1356:A:none", "--address", nobody!.address)).code, "cli.service.absent");
  assert.equal((await refusal(...REGISTER, "--service", "1356:Z:none", "--address", nobody!.address)).code, "cli.argument.bad");
  assert.equal((await refusal(...REGISTER, "--service", "1356:A:none")).code, "cli.argument.bad");
  assert.equal((await refusal(...REGISTER, "--service", "1356:A:none", "--address", nobody!.address, "--with", "1356:C:data")).code, "cli.argument.bad");
});

test("keys show has public parts only, with the balances of the submitting accounts", async () => {
  const shown = await run<PublicKeys>("keys", "show", "--config", configPath, "--json");
  assert.deepEqual(shown.gateways.map(({ name }) => name), ["gateway-a", "gateway-b"]);
  // Each chain's plugin, and its standby.
  assert.deepEqual(shown.accounts.map(({ balanceWei }) => balanceWei), Array.from({ length: 4 }, () => "1500000000000000000"));
  assert.equal(shown.validators.addresses.length, 4);
  assert.equal(shown.governors.keysHere, 3);
  const said = JSON.stringify(shown);
  for (const owner of ["interaction-gateway-a", "plugin-a", "validator-1", "governor-1", "pause", "orderer"]) {
    assert.ok(!said.includes(readFileSync(join(dataDir, "keys", `${owner}.key`)).toString("hex")), owner);
  }
});

test("a transfer is refused without tokens, and is named by its Request event", async () => {
  const from = join(folder, "user.key");
  writeFileSync(from, user!.privateKey, { mode: 0o600 });
  const transfer = ["transfer", "A", "C", "--config", configPath, "--amount", "2.5"];
  assert.equal((await refusal(...transfer)).code, "cli.key.missing");
  assert.equal((await refusal(...transfer, "--key", from)).code, "cli.transfer.poor");
  await run("contracts", "mint", "--config", configPath, "--key", keyPath, "--chain", "A", "--to", user!.address, "--amount", "5");
  const sent = await run<{ readonly id: string }>(...transfer, "--key", from);
  assert.equal(sent.id, "1356:A:vault-1356:C:vault-1");
  const waited = await refusal(...transfer, "--key", from, "--wait", "--deadline", "1");
  assert.equal(waited.code, "cli.transfer.open");
  assert.equal(waited.facts["id"], "1356:A:vault-1356:C:vault-2");
});

test("validators and threshold can not change once the contracts were made with them", async () => {
  const config = JSON.parse(readFileSync(configPath, "utf8")) as { relay: { validators: number; faulty: number; threshold: number } };
  config.relay = { ...config.relay, validators: 5, threshold: 4 };
  writeFileSync(configPath, JSON.stringify(config));
  assert.equal((await refusal(...DEPLOY)).code, "cli.world.fixed");
  writeConfig([urlOf(0), urlOf(1)]);
});

test("a contract that is gone from its chain is an alarm, not a new deployment", async () => {
  const { gateway } = readSavedWorld(dataDir).deployments.get("A") ?? {};
  await makeRpc(urlOf(0)).call("anvil_setCode", [gateway, "0x"]);
  await assert.rejects(run(...DEPLOY), (error: unknown) => error instanceof CodedError && error.code === "cli.deploy.absent");
});
