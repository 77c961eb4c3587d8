import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { makeCrypto } from "@crossguardian/crypto";
import { devAccounts, startChain } from "@crossguardian/devnet";
import { makeHashes } from "@crossguardian/protocol";
import { type ChainSupply, openAccess, readSavedWorld } from "@crossguardian/world";

import { startForeignNetwork } from "../test/support/fabric-network.ts";
import { leftoversOf } from "../test/support/leftovers.ts";
import { makeProgramRunner } from "../test/support/program.ts";
import { missingPart } from "../test/support/with-world.ts";

const AMOUNT = 10n ** 18n;
const root = mkdtempSync(join(tmpdir(), "cg-fab-"));
chmodSync(root, 0o711);
const runRoot = join(root, "run");
const name = `fab-${randomBytes(3).toString("hex")}`;
const folder = join(root, name);
const { cg, refused, run, end } = makeProgramRunner(runRoot);
const undo: (() => Promise<void>)[] = [];

after(async () => {
  await run("down", "--all");
  end();
  for (const step of undo.reverse()) await step();
  rmSync(root, { recursive: true, force: true });
});

type Sent = { readonly id: string; readonly outcome?: string };
type Account = { readonly account: string };
type Request = { readonly request: string };

/** What a chain holds for another, read from it directly. */
const supply = async (chain: string, peer: string): Promise<ChainSupply | undefined> => {
  const crypto = await makeCrypto();
  const { topology, chains, deployments } = readSavedWorld(join(folder, "data"));
  return openAccess({ crypto, hashes: makeHashes(crypto.keccak256), topology, chains, deployments, users: [] }).get(chain)?.supply(peer);
};

test("a Fabric network of others, by its files: enrol, deploy, register, up, transfers both ways, a rotated key enrolled anew, a revocation list registered anew", { skip: missingPart, timeout: 600_000 }, async () => {
  const evm = await startChain({ kind: "anvil", chainId: 31_511, blockTimeMs: 250 });
  undo.push(evm.stop);
  const { config } = await cg<{ readonly config: string }>("init", "--dir", folder, "--name", name);
  const network = await startForeignNetwork(folder);
  undo.push(network.stop);
  const { development: _, ...value } = JSON.parse(readFileSync(config, "utf8")) as Record<string, unknown>;
  const chains = {
    A: { gateway: "gateway-a", rpc: evm.url, witnesses: [evm.url, evm.url, evm.url], validatorWitnesses: [evm.url, evm.url, evm.url], depth: 1 },
    C: { gateway: "gateway-b", ...network.settings },
  };
  writeFileSync(config, JSON.stringify({ ...value, dataDir: join(folder, "data"), standby: [], chains }));
  const [deployer] = devAccounts(1);
  const key = join(root, "deployer.key");
  writeFileSync(key, deployer?.privateKey ?? "", { mode: 0o600 });
  const deploy = ["contracts", "deploy", "--config", config, "--key", key, "--fund", "2"];

  await refused("config.fabric.unenrolled", ...deploy);
  const enrol = async (): Promise<void> => network.enrol((await cg<Request>("fabric", "request", "--config", config, "--chain", "C")).request, "fabric/plugin-c.pem");
  await enrol();
  chmodSync(join(folder, "fabric/reader.key"), 0o644);
  assert.match(await refused("config.fabric.exposed", ...deploy), /chains\.C\.client\.key.*chmod 600/su);
  chmodSync(join(folder, "fabric/reader.key"), 0o600);

  const deployed = await cg<{ readonly chains: readonly { readonly chain: string; readonly made: boolean }[] }>(...deploy);
  assert.deepEqual(deployed.chains.map(({ chain, made }) => [chain, made]).sort(), [["A", true], ["C", true]]);
  const again = await cg<{ readonly chains: readonly { readonly transactions: number; readonly made: boolean }[] }>(...deploy);
  assert.deepEqual(again.chains.map(({ made, transactions }) => [made, transactions]), [[false, 0], [false, 0]], "nothing is left to do");
  await cg("service", "register", "--config", config);
  await cg("up", "--config", config);

  const alice = network.member("alice");
  const { account } = await cg<Account>("fabric", "account", "--config", config, "--chain", "C", "--certificate", join(folder, alice.certificate));
  await cg("contracts", "mint", "--config", config, "--key", key, "--chain", "A", "--to", deployer?.address ?? "");
  await cg("contracts", "mint", "--config", config, "--chain", "C", "--to", account);
  const there = ["transfer", "A", "C", "--key", key, "--receiver", account, "--wait", "--config", config];
  const back = ["transfer", "C", "A", "--certificate", join(folder, alice.certificate), "--key", join(folder, alice.key), "--receiver", deployer?.address ?? "", "--wait", "--config", config];
  assert.equal((await cg<Sent>(...there)).outcome, "committed");
  assert.equal((await cg<Sent>(...back)).outcome, "committed");
  assert.deepEqual([await supply("A", "C"), await supply("C", "A")], [{ locked: AMOUNT, circulating: AMOUNT }, { locked: AMOUNT, circulating: AMOUNT }]);

  await cg("keys", "rotate", "plugin-c", "--gateway", "gateway-b", "--reason", "yearly", "--config", config);
  await refused("config.fabric.unenrolled", "up", "--config", config);
  await enrol();
  network.revokeAnother();
  assert.match(await refused("cli.world.unready", "up", "--config", config), /service register/u);
  assert.deepEqual(await cg("service", "register", "--config", config), { nonce: 2, added: true, handedOver: true, transactions: [] });
  await cg("up", "--config", config);
  assert.equal((await cg<Sent>(...there)).outcome, "committed");
  assert.deepEqual((await supply("C", "A"))?.circulating, 2n * AMOUNT);

  await cg("down", "--config", config);
  assert.deepEqual(leftoversOf(name, [runRoot]).filter((each) => !each.includes(`process ${network.pid} `)), []);
});
