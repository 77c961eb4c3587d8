import { join } from "node:path";

import { makeCrypto } from "@crossguardian/crypto";
import { CodedError } from "@crossguardian/kernel";
import { makeHashes } from "@crossguardian/protocol";
import {
  type DeployedChain,
  deployChains,
  fundAccounts,
  gatewayTermsOf,
  mintHome,
  mintTokens,
  openKeySlots,
  type OperatorPowers,
  planWorld,
  readAccountKey,
  readGovernorKeys,
  readSavedWorld,
  saveWorld,
} from "@crossguardian/world";
import { type Command } from "commander";

import { readConfig } from "../config/read-config.ts";
import { networksOf, wishOf } from "../config/world-wish.ts";
import { address, type Context, examples, form, JSON_OPTION, repeated } from "../context.ts";
import { withLock } from "../instance-lock.ts";
import { parseTokens } from "../parse-tokens.ts";

/** Cryptography for commands. */
export const operatorPowers = async (): Promise<OperatorPowers> => {
  const crypto = await makeCrypto();
  return { crypto, hashes: makeHashes(crypto.keccak256) };
};

type MintOptions = {
  readonly config: string;
  readonly key?: string;
  readonly chain: string;
  readonly to: `0x${string}`;
  readonly amount: bigint;
  readonly json: boolean;
};

const amountOf = (text: string): bigint => parseTokens(form(/^\d{1,9}(\.\d{1,18})?$/u, "an amount like 0.5")(text));

type DeployOptions = {
  readonly config: string;
  readonly key?: string;
  readonly chain: readonly string[];
  readonly governor: readonly string[];
  readonly fund?: bigint;
  readonly json: boolean;
};

const deploy = async (context: Context, options: DeployOptions): Promise<readonly DeployedChain[]> => {
  const config = readConfig(options.config);
  if (config.development !== null) {
    throw new CodedError("cli.world.unready", { why: "development chains get their contracts by up", next: `crossguardian up --config ${options.config}` });
  }
  const names = config.chains.map(({ name }) => name);
  const unknown = options.chain.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new CodedError("cli.argument.bad", { chain: unknown.slice(0, 40), chains: names.join(" ") });
  const deployerKey = options.key === undefined ? null : readAccountKey(options.key);
  if (options.fund !== undefined && deployerKey === null) throw new CodedError("cli.key.missing", { fix: "--fund needs --key FILE" });
  return withLock(config.dataDir, process.pid, async () => {
    const powers = await operatorPowers();
    const saved = await planWorld(powers, wishOf(config, context.places));
    const slots = openKeySlots(join(config.dataDir, "keys"));
    const terms = gatewayTermsOf(powers, saved, slots);
    const governorKeys = readGovernorKeys(powers, { files: options.governor, dataDir: config.dataDir, governors: terms.governors, threshold: terms.governanceThreshold });
    const keep = (world: typeof saved): void => saveWorld(config.dataDir, world);
    const work = { powers, terms, governorKeys, deployerKey, networks: networksOf(config), keep, say: context.say };
    const done = await deployChains(work, saved, options.chain.length === 0 ? names : options.chain);
    if (options.fund !== undefined && deployerKey !== null) await fundAccounts(powers, saved, { slots, deployerKey, leastWei: options.fund, say: context.say });
    return done;
  });
};

const mint = async ({ config: file, key, chain, to, amount }: Omit<MintOptions, "json">): Promise<string> => {
  const config = readConfig(file);
  const saved = readSavedWorld(config.dataDir);
  const network = networksOf(config).get(chain);
  const plan = saved.chains.find(({ name }) => name === chain);
  if (network !== undefined && plan !== undefined) return mintHome(plan, network, to, amount);
  if (key === undefined) throw new CodedError("cli.key.missing", { fix: "--key FILE names the deployer's key" });
  return mintTokens(saved, { chain, privateKey: readAccountKey(key), to, amount });
};

const draw = (done: readonly DeployedChain[], config: string): string =>
  [
    ...done.map(({ chain, deployment, made, transactions }) =>
      [
        `chain ${chain}: ${made ? "deployed" : "was deployed before, its code is there"}, ${transactions} transactions to connect it`,
        ...Object.entries(deployment).map(([part, address]) => `  ${part.padEnd(8)} ${address}`),
      ].join("\n"),
    ),
    `next: ./crossguardian service register --config ${config}`,
  ].join("\n");

/** `contracts deploy` */
export const registerContracts = (program: Command, context: Context): void => {
  const contracts = program.command("contracts").description("the contracts on the chains").addHelpText("after", examples(["contracts deploy --config crossguardian.json --key deployer.key"]));
  contracts
    .command("deploy")
    .description("deploys gateway, vault, data service and token where they are missing, makes a committed Fabric chaincode a gateway, and connects the chains; may be run again")
    .requiredOption("--config <file>", "configuration")
    .option("--key <file>", "private key of the account that pays and administers on EVM chains, 32 bytes or 64 hexadecimal digits")
    .option("--chain <name>", "only this chain; may be repeated", repeated, [])
    .option("--governor <file>", "governance key; may be repeated; default: those in the key folder", repeated, [])
    .option("--fund <ether>", "send the gateways' submitting accounts so much, where they have less", amountOf)
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["contracts deploy --config crossguardian.json --key deployer.key", "contracts deploy --config crossguardian.json --key deployer.key --chain A --fund 0.5"]))
    .action(async (options: DeployOptions) => {
      const done = await deploy(context, options);
      context.print(options.json, { chains: done.map(({ deployment, ...rest }) => ({ ...rest, ...deployment })) }, () => draw(done, options.config));
    });
  contracts
    .command("mint")
    .description("mints a chain's demonstration token; only the account that deployed it may")
    .requiredOption("--config <file>", "configuration")
    .option("--key <file>", "private key of the deployer; on a Fabric channel the configuration's deployer is used instead")
    .requiredOption("--chain <name>", "chain of the token")
    .requiredOption("--to <0x..>", "who gets them", address)
    .option("--amount <tokens>", "how many, with up to 18 decimals", amountOf, 1_000n * 10n ** 18n)
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["contracts mint --config crossguardian.json --key deployer.key --chain A --to 0x70997970c51812dc3a010c7d01b50e0d17dc79c8"]))
    .action(async ({ config, key, chain, to, amount, json }: MintOptions) => {
      const transaction = await mint({ config, chain, to, amount, ...(key === undefined ? {} : { key }) });
      context.print(json, { transaction }, () => `minted: ${transaction}`);
    });
};
