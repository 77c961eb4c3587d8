import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { CodedError } from "@crossguardian/kernel";
import { type HouseSpec } from "@crossguardian/launch";

import { askHouse, type House, type ReportedDomain } from "../house-process.ts";
import { housesOf } from "../house-specs.ts";
import { type HouseTerms } from "../house-terms.ts";
import { openKeySlots } from "../key-slots.ts";
import { POLICY_DIR, startHouses } from "../open-world.ts";
import { type SavedWorld } from "../saved-world.ts";
import { requireFreshKeys } from "./key-ages.ts";
import { openOperators } from "./open-operators.ts";
import { withProfiles } from "./open-profiles.ts";
import { type OperatorPowers } from "./plan-world.ts";

const READY_DEADLINE_MS = 90_000;
const STOP_DEADLINE_MS = 30_000;
const POLL_MS = 100;

const wait = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The terms of a saved world's houses. */
export const termsOf = (powers: OperatorPowers, saved: SavedWorld, dataDir: string): HouseTerms => withProfiles(bareTermsOf(powers, saved, dataDir));

/** The same without security profiles. */
export const bareTermsOf = (powers: OperatorPowers, saved: SavedWorld, dataDir: string): HouseTerms => ({
  ...saved,
  crypto: powers.crypto,
  dataDir,
  lifeline: false,
  access: openOperators(powers.crypto, dataDir).document,
  profiles: null,
  policyDir: POLICY_DIR,
  slots: openKeySlots(join(dataDir, "keys")),
});

const isDifferent = (spec: HouseSpec): boolean => {
  const path = join(spec.dataDir, "house.json");
  return existsSync(path) && readFileSync(path, "utf8") !== JSON.stringify(spec, null, 1);
};

const stopRunning = async (spec: HouseSpec): Promise<void> => {
  await askHouse(spec.runDir, { cmd: "stop" });
  const until = performance.now() + STOP_DEADLINE_MS;
  while (existsSync(join(spec.runDir, "control.sock"))) {
    if (performance.now() > until) throw new CodedError("cli.house.silent", { house: spec.house, waitedMs: STOP_DEADLINE_MS });
    await wait(POLL_MS);
  }
};

/** Ends running houses whose specification is not the present one any more, and names them. */
const stopChanged = async (terms: HouseTerms): Promise<readonly string[]> => {
  const changed = await Promise.all(
    housesOf(terms).map(async (spec) => {
      const runs = await askHouse(spec.runDir, { cmd: "domains" }).then(() => true, () => false);
      if (!runs || !isDifferent(spec)) return [];
      await stopRunning(spec);
      return [spec.house];
    }),
  );
  return changed.flat();
};

const isReady = (domain: ReportedDomain): boolean => domain.state === "running" && domain.admitted !== false;

const lastWords = (spec: HouseSpec): string => {
  const path = join(spec.dataDir, "launcher.log");
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n").slice(-2).join(" | ").slice(-600) : "";
};

/** Waits until every domain of a house runs and is admitted. @throws cli.house.failed, cli.house.late */
export const awaitAdmitted = async (house: Pick<House, "name" | "pid" | "spec" | "domains">): Promise<readonly ReportedDomain[]> => {
  const until = performance.now() + READY_DEADLINE_MS;
  for (;;) {
    const domains = await house.domains().catch(() => null);
    if (domains !== null && domains.length > 0 && domains.every(isReady)) return domains;
    if (!existsSync(`/proc/${house.pid}`)) throw new CodedError("cli.house.failed", { house: house.name, says: lastWords(house.spec) });
    if (performance.now() > until) {
      const absent = (domains ?? []).filter((domain) => !isReady(domain)).map(({ name }) => name);
      throw new CodedError("cli.house.late", { house: house.name, absent: absent.join(" "), waitedMs: READY_DEADLINE_MS });
    }
    await wait(POLL_MS);
  }
};

/** What `runHouses` did. */
export type RunningHouses = { readonly houses: readonly House[]; readonly restarted: readonly string[] };

/**
 * Starts the houses that do not run, restarts those whose specification changed, joins the others, and waits until every domain is admitted.
 * Houses that came up stay up when another did not. Errors: cli.house.*, launch.key.expired.
 */
export const runHouses = async (terms: HouseTerms, onStarted: (houses: readonly House[]) => void): Promise<RunningHouses> => {
  requireFreshKeys(terms);
  const restarted = await stopChanged(terms);
  const houses = [...(await startHouses(terms, [])).values()];
  onStarted(houses);
  await Promise.all(houses.map(awaitAdmitted));
  return { houses, restarted };
};
