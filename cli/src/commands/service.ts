import { join } from "node:path";

import { CodedError, parseServiceId } from "@crossguardian/kernel";
import {
  askHouse,
  checkService,
  connectService,
  deploymentDocument,
  genesisOf,
  openKeySlots,
  ordererHostOf,
  planWorld,
  readAccountKey,
  readGovernorKeys,
  readSavedWorld,
  type SavedWorld,
  saveWorld,
  serviceDocument,
  signNext,
  submitRegistration,
} from "@crossguardian/world";
import { type Command } from "commander";

import { type GatewayConfig } from "../config/gateway-config.ts";
import { readConfig } from "../config/read-config.ts";
import { wishOf } from "../config/world-wish.ts";
import { address, type Context, examples, form, JSON_OPTION, repeated } from "../context.ts";
import { withLock } from "../instance-lock.ts";
import { operatorPowers } from "./contracts.ts";

type RegisterOptions = {
  readonly config: string;
  readonly governor: readonly string[];
  readonly service?: string;
  readonly address?: `0x${string}`;
  readonly asset: boolean;
  readonly ordered: boolean;
  readonly with: readonly string[];
  readonly key?: string;
  readonly json: boolean;
};

type Registered = {
  /** Number of the newest document. */
  readonly nonce: number;
  /** Whether this command added it. */
  readonly added: boolean;
  /** Whether the relay chain has taken all documents. */
  readonly handedOver: boolean;
  readonly transactions: readonly { readonly chain: string; readonly transaction: string }[];
};

const handOver = async (saved: SavedWorld): Promise<boolean> => {
  const runs = await askHouse(join(saved.runDir, "relay"), { cmd: "domains" }).then(() => true, () => false);
  if (!runs) return false;
  for (const signed of saved.registrations) await submitRegistration(saved.ordererPort, signed, ordererHostOf(saved));
  return true;
};

const register = async (context: Context, config: GatewayConfig, options: RegisterOptions): Promise<Registered> => {
  const powers = await operatorPowers();
  const saved = config.development === null ? await planWorld(powers, wishOf(config, context.places)) : readSavedWorld(config.dataDir);
  const genesis = genesisOf(saved);
  const governance = (): readonly Uint8Array[] =>
    readGovernorKeys(powers, { files: options.governor, dataDir: config.dataDir, governors: genesis.governors, threshold: genesis.governanceThreshold });
  const transactions: { chain: string; transaction: string }[] = [];
  const { service: id, address: at } = options;
  let document;
  if (id === undefined || at === undefined) document = deploymentDocument(powers, saved, openKeySlots(join(config.dataDir, "keys")));
  else {
    const service = { id: parseServiceId(id), address: at, asset: options.asset, ordered: options.ordered };
    const privateKey = options.key === undefined ? null : readAccountKey(options.key);
    await checkService(powers, saved, service);
    document = serviceDocument(powers, saved, service);
    if (privateKey !== null) {
      const partners = options.with.map((each) => parseServiceId(each));
      transactions.push(...(await connectService(powers, saved, { service, partners, governorKeys: governance(), privateKey })));
    }
  }
  const next = document === null ? saved : signNext(powers, saved, document, governance());
  if (document !== null) saveWorld(config.dataDir, next);
  return { nonce: next.registrations.length, added: document !== null, handedOver: await handOver(next), transactions };
};

const draw = ({ nonce, added, handedOver, transactions }: Registered, config: string): string =>
  [
    added ? `document ${nonce} is signed and kept` : `nothing to add: document ${nonce} has it already`,
    ...transactions.map(({ chain, transaction }) => `chain ${chain}: ${transaction}`),
    handedOver
      ? `the relay chain has every document; \`./crossguardian up --config ${config}\` restarts the gateways that were started without it`
      : `the relay chain does not run; \`./crossguardian up --config ${config}\` starts it and hands the documents over`,
  ].join("\n");

/** `service register` */
export const registerService = (program: Command, context: Context): void => {
  const service = program.command("service").description("services, as governance registers them").addHelpText("after", examples(["service register --config crossguardian.json"]));
  const serviceId = form(/^[A-Za-z0-9._-]{1,64}:[A-Za-z0-9._]{1,40}:[A-Za-z0-9._-]{1,64}$/u, "a service id like 1356:A:shop");
  service
    .command("register")
    .description("registers chains, services and gateways of the deployment with the relay chain, or one more service")
    .requiredOption("--config <file>", "configuration")
    .option("--governor <file>", "governance key; may be repeated; default: those in the key folder", repeated, [])
    .option("--service <id>", "one more service, for example 1356:A:shop", serviceId)
    .option("--address <0x..>", "its contract", address)
    .option("--asset", "its calls move assets", false)
    .option("--ordered", "its calls run in the order of their indexes", false)
    .option("--with <id>", "service of another chain it may exchange calls with; may be repeated; needs --key", (id: string, before: readonly string[]) => repeated(serviceId(id), before), [])
    .option("--key <file>", "account that pays for registering it with the gateway contracts")
    .option(...JSON_OPTION)
    .addHelpText("after", examples(["service register --config crossguardian.json", "service register --config crossguardian.json --governor g1.key --governor g2.key", "service register --config crossguardian.json --service 1356:A:shop --address 0x52..9a --with 1356:C:shop --key payer.key"]))
    .action(async (options: RegisterOptions) => {
      const config = readConfig(options.config);
      if ((options.service === undefined) !== (options.address === undefined)) throw new CodedError("cli.argument.bad", { why: "--service and --address belong together" });
      if (options.with.length > 0 && options.key === undefined) throw new CodedError("cli.argument.bad", { why: "--with needs --key" });
      const done = await withLock(config.dataDir, process.pid, async () => register(context, config, options));
      context.print(options.json, done, () => draw(done, options.config));
    });
};
