import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { makeCrypto } from "@crossguardian/crypto";
import { CodedError } from "@crossguardian/kernel";
import {
  buildWorld,
  deploymentDocument,
  forgetWorld,
  type House,
  isDeployed,
  isDevelopmentAlive,
  isWorldSaved,
  openKeySlots,
  ordererHostOf,
  planWorld,
  readSavedWorld,
  runHouses,
  type SavedWorld,
  submitRegistration,
  termsOf,
  type Topology,
} from "@crossguardian/world";
import { type Command } from "commander";

import { leavesUnjailed } from "../config/decode-isolation.ts";
import { type GatewayConfig } from "../config/gateway-config.ts";
import { readConfig } from "../config/read-config.ts";
import { topologyOf, wishOf } from "../config/world-wish.ts";
import { type Context, examples, type InstanceOptions, withInstance } from "../context.ts";
import { withLock } from "../instance-lock.ts";
import { findInstance, type InstanceRecord, writeInstance } from "../instance.ts";
import { operatorPowers } from "./contracts.ts";
import { checkSigned } from "../plugin/signed-package.ts";
import { takeDown } from "./down.ts";
import { drawStatus, readStatus } from "./status.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const DEVELOPMENT_USERS = 3;

const recordOf = (saved: SavedWorld, dataDir: string, houses: readonly Pick<House, "name" | "pid">[], temporary: boolean): InstanceRecord => ({
  instance: saved.instance,
  startedMs: Date.now(),
  houses: ["relay", ...saved.topology.gateways.map(({ name }) => name)].map((house) => ({
    house,
    pid: houses.find(({ name }) => name === house)?.pid ?? 0,
    runDir: join(saved.runDir, house),
    dataDir: join(dataDir, house),
    instance: `${saved.instance}-${house}`,
  })),
  pids: saved.nodes.map(({ name, pid }) => ({ what: name === "proxies" ? name : `chain ${name}`, pid })),
  ordererPort: saved.ordererPort,
  runDir: saved.runDir,
  dataDir,
  temporary,
});

const run = async (context: Context, saved: SavedWorld, dataDir: string, temporary: boolean): Promise<void> => {
  const keep = (houses: readonly House[]): void => writeInstance(context.places, recordOf(saved, dataDir, houses, temporary));
  keep([]);
  const { restarted } = await runHouses(termsOf(await operatorPowers(), saved, dataDir), keep);
  if (restarted.length > 0) context.say(`restarted for their new configuration: ${restarted.join(", ")}`);
  for (const signed of saved.registrations) await submitRegistration(saved.ordererPort, signed, ordererHostOf(saved));
};

const isSameShape = (config: GatewayConfig, saved: SavedWorld): boolean =>
  JSON.stringify(topologyOf(config)) === JSON.stringify(saved.topology);

const startDevelopment = async (context: Context, config: GatewayConfig): Promise<void> => {
  const { dataDir, development, name } = config;
  if (development === null) throw new Error("no development chains");
  const saved = isWorldSaved(dataDir) ? readSavedWorld(dataDir) : null;
  if (saved !== null && (await isDevelopmentAlive(saved))) {
    if (!isSameShape(config, saved)) throw new CodedError("cli.world.fixed", { field: "chains, gateways or relay", fix: `crossguardian down --instance ${name}` });
    await run(context, { ...saved, driver: config.isolation, tuning: { ...saved.tuning, suite: config.suite, tightening: config.tightening, priorities: config.priorities, cores: config.cores } }, dataDir, false);
    return;
  }
  if (saved !== null) {
    context.say("the development chains are gone: what was on them is gone too; a new world begins, with the same keys");
    await takeDown(context.places, recordOf({ ...saved, nodes: [] }, dataDir, [], false));
    forgetWorld(dataDir, saved);
  }
  const { kind, blockTimeMs, depth } = development;
  const signal = context.stopSignal();
  const world = await buildWorld({
    instance: name,
    dataDir,
    topology: topologyOf(config),
    dev: { kind, blockTimeMs, depth },
    driver: config.isolation,
    runRoot: context.places.runRoot,
    dataRoot: context.places.dataRoot,
    stateDir: context.places.stateDir,
    lifeline: false,
    users: DEVELOPMENT_USERS,
    tuning: { suite: config.suite, tightening: config.tightening, priorities: config.priorities, cores: config.cores },
    orderer: { host: config.relay.listen, port: config.relay.port },
    onStep: context.say,
  });
  if (signal.aborted) {
    await world.stop();
    throw signal.reason;
  }
  await run(context, readSavedWorld(dataDir), dataDir, false);
};

const startConfigured = async (context: Context, config: GatewayConfig, file: string): Promise<void> => {
  if (!isWorldSaved(config.dataDir)) {
    throw new CodedError("cli.world.unready", { why: "no contracts are deployed", next: `crossguardian contracts deploy --config ${file} --key FILE` });
  }
  const powers = await operatorPowers();
  const saved = await planWorld(powers, wishOf(config, context.places), (chain, field) => context.say(`chain ${chain}: endpoint ${field} does not answer now`));
  const missing = saved.chains.filter(({ name }) => !isDeployed(saved, name)).map(({ name }) => name);
  if (missing.length > 0) {
    throw new CodedError("cli.world.unready", { why: `no contracts on ${missing.join(", ")}`, next: `crossguardian contracts deploy --config ${file} --key FILE` });
  }
  if (deploymentDocument(powers, saved, openKeySlots(join(config.dataDir, "keys"))) !== null) {
    throw new CodedError("cli.world.unready", { why: "the deployment is not registered", next: `crossguardian service register --config ${file}` });
  }
  await run(context, saved, config.dataDir, false);
};

const checkPlugins = async ({ plugins = {} }: Topology): Promise<void> => {
  const names = Object.values(plugins).map(({ name }) => name);
  if (names.length > 0) checkSigned(ROOT, (await makeCrypto()).ed25519, names);
};

const bringUp = async (context: Context, options: InstanceOptions): Promise<InstanceRecord> => {
  if (options.config === undefined) {
    const record = findInstance(context.places, options);
    const saved = readSavedWorld(record.dataDir);
    context.needRoot(saved.driver);
    await checkPlugins(saved.topology);
    await withLock(record.dataDir, process.pid, async () => run(context, saved, record.dataDir, record.temporary));
    return findInstance(context.places, { instance: record.instance });
  }
  const file = options.config;
  const config = readConfig(file);
  context.needRoot(config.isolation);
  await checkPlugins(topologyOf(config));
  if (leavesUnjailed(config.isolation)) context.say("WARNING: isolation none protects nothing; it is for measuring only");
  await withLock(config.dataDir, process.pid, async () =>
    config.development === null ? startConfigured(context, config, file) : startDevelopment(context, config),
  );
  return findInstance(context.places, { instance: config.name });
};

const nextOf = ({ instance, dataDir }: InstanceRecord): string => {
  const { topology, nodes } = readSavedWorld(dataDir);
  const [from, to] = topology.gateways.map(({ chains }) => chains[0] ?? "");
  const key = nodes.length > 0 ? "" : " --key FILE";
  return `all of ${instance} is admitted. Try: ./crossguardian transfer ${from ?? ""} ${to ?? ""} --wait --instance ${instance}${key}`;
};

/** `up` */
export const registerUp = (program: Command, context: Context): void => {
  withInstance(program.command("up"))
    .description("starts what a configuration describes, or starts again what died; what was open completes")
    .addHelpText("after", examples(["up --config crossguardian.json", "up", "up --instance main --json"]))
    .action(async (options: InstanceOptions) => {
      const record = await bringUp(context, options);
      const status = await readStatus(record);
      const houses = record.houses.map(({ house, pid }) => ({ name: house, pid }));
      context.print(options.json, { instance: record.instance, houses, status: status.houses }, () => `${drawStatus(status)}\n${nextOf(record)}`);
    });
};
