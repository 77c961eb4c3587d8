import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { CodedError } from "@crossguardian/kernel";

import { readConfig } from "./config/read-config.ts";

/** Where everything of this program lies on the machine. */
export type Places = { readonly runRoot: string; readonly stateDir: string; readonly dataRoot: string };

/** What is written down about a running instance, for `status`, `trace`, `down`. */
export type InstanceRecord = {
  readonly instance: string;
  readonly startedMs: number;
  readonly houses: readonly { readonly house: string; readonly pid: number; readonly runDir: string; readonly dataDir: string; readonly instance: string }[];
  /** Development chains and proxies: ended by `down`. */
  readonly pids: readonly { readonly what: string; readonly pid: number }[];
  readonly ordererPort: number;
  readonly runDir: string;
  readonly dataDir: string;
  readonly temporary: boolean;
};

/** Folders for run files, images and data; CROSSGUARDIAN_STATE and CROSSGUARDIAN_RUN move them. */
export const placesOf = (environment: Readonly<Record<string, string | undefined>>): Places => {
  const stateDir = environment["CROSSGUARDIAN_STATE"] ?? "/var/lib/crossguardian";
  return {
    stateDir,
    runRoot: environment["CROSSGUARDIAN_RUN"] ?? "/run/crossguardian",
    dataRoot: join(stateDir, "instances"),
  };
};

/** File of an instance's record. */
export const recordPath = (places: Places, instance: string): string => join(places.runRoot, `${instance}.json`);

/** Writes an instance down. */
export const writeInstance = (places: Places, record: InstanceRecord): void => {
  mkdirSync(places.runRoot, { recursive: true, mode: 0o711 });
  writeFileSync(recordPath(places, record.instance), JSON.stringify(record), { mode: 0o600 });
};

/** Forgets an instance. */
export const forgetInstance = (places: Places, instance: string): void => {
  rmSync(recordPath(places, instance), { force: true });
};

/** Instances written down. */
export const listInstances = (places: Places): readonly InstanceRecord[] => {
  if (!existsSync(places.runRoot)) return [];
  return readdirSync(places.runRoot)
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(join(places.runRoot, file), "utf8")) as InstanceRecord);
};

/** The instance of that name or configuration, or the only one there is. @throws cli.world.missing, cli.instance.ambiguous, config.* */
export const findInstance = (places: Places, wanted: { readonly instance?: string; readonly config?: string }): InstanceRecord => {
  const name = wanted.config === undefined ? wanted.instance : readConfig(wanted.config).name;
  const all = listInstances(places);
  if (name === undefined && all.length > 1) {
    throw new CodedError("cli.instance.ambiguous", { instances: all.map(({ instance }) => instance).join(" ") });
  }
  const found = name === undefined ? all[0] : all.find((each) => each.instance === name);
  if (found === undefined) throw new CodedError("cli.world.missing", { instance: name?.slice(0, 40) ?? "any", runRoot: places.runRoot });
  return found;
};

/** The folder of a world, whether it runs or not. @throws cli.world.missing, cli.instance.ambiguous, config.* */
export const findDataDir = (places: Places, wanted: { readonly instance?: string; readonly config?: string }): string =>
  wanted.config === undefined ? findInstance(places, wanted).dataDir : readConfig(wanted.config).dataDir;
