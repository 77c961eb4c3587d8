import { existsSync, readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { join } from "node:path";

import { askHouse, decodeHouseSpec, isWorldSaved, keyAgesOf, type OperatorPowers, readChainsState, readSavedWorld, type ReportedDomain } from "@crossguardian/world";

import { askDomain } from "../decode-answer.ts";
import { type InstanceRecord } from "../instance.ts";
import { decodeEntries, decodeOrderer, decodePulses, decodeValidator, decodeWatches } from "./decode-facts.ts";
import { type Facts, type HouseFacts } from "./facts.ts";

const RELAY_HOUSE = "relay";

const domainsOf = async (runDir: string): Promise<readonly ReportedDomain[] | null> =>
  askHouse<{ readonly domains: readonly ReportedDomain[] }>(runDir, { cmd: "domains" }).then(({ domains }) => domains, () => null);

const readHouse = async ({ house, runDir }: InstanceRecord["houses"][number]): Promise<HouseFacts> => {
  const domains = await domainsOf(runDir);
  const nothing = { house, isRunning: false, domains: [], pulses: null, watches: null, entries: [] };
  if (domains === null) return nothing;
  const isGateway = house !== RELAY_HOUSE;
  const [pulses, status, open] = await Promise.all([
    askDomain(runDir, "management", "status", ""),
    isGateway ? askDomain(runDir, "interaction", "status", "") : null,
    isGateway ? askDomain(runDir, "interaction", "open", "") : null,
  ]);
  return { house, isRunning: true, domains, pulses: decodePulses(pulses), watches: decodeWatches(status), entries: decodeEntries(house, open) };
};

const readRelayChain = async (runDir: string | undefined): Promise<Pick<Facts, "orderer" | "validators">> => {
  const domains = runDir === undefined ? null : await domainsOf(runDir);
  if (runDir === undefined || domains === null) return { orderer: null, validators: [] };
  const names = domains.filter(({ kind }) => kind === "validator").map(({ name }) => name);
  const [orderer, ...validators] = await Promise.all([
    askDomain(runDir, "orderer", "status", ""),
    ...names.map(async (name) => decodeValidator(name, await askDomain(runDir, name, "status", ""))),
  ]);
  return { orderer: decodeOrderer(orderer), validators };
};

const readDisk = async (path: string): Promise<Facts["disk"]> =>
  statfs(path).then(({ bavail, blocks, bsize }) => ({ path, freeBytes: bavail * bsize, totalBytes: blocks * bsize }), () => null);

const readKeys = ({ dataDir }: InstanceRecord["houses"][number], nowMs: number): Facts["keys"] => {
  const path = join(dataDir, "house.json");
  return existsSync(path) ? keyAgesOf(decodeHouseSpec(readFileSync(path, "utf8")), nowMs) : [];
};

/** Asks launchers, management, interaction domains, orderer and validators of an instance, and each chain itself. Nothing is changed by it. */
export const readFacts = async (powers: OperatorPowers, record: InstanceRecord): Promise<Facts> => {
  const nowMs = Date.now(); // ages in the answers count from about here: some questions wait long for a domain that hangs
  const saved = isWorldSaved(record.dataDir) ? readSavedWorld(record.dataDir) : null;
  const [houses, relayChain, chains, disk] = await Promise.all([
    Promise.all(record.houses.map(readHouse)),
    readRelayChain(record.houses.find(({ house }) => house === RELAY_HOUSE)?.runDir),
    saved === null ? { chains: [], silent: [], undecided: [], more: 0 } : readChainsState(powers, saved, record.dataDir),
    readDisk(record.dataDir),
  ]);
  return { nowMs, instance: record.instance, houses, ...relayChain, chains, keys: record.houses.flatMap((house) => readKeys(house, nowMs)), disk };
};
