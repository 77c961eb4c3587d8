import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { PROFILES_IN_FORCE } from "@crossguardian/access";
import { decodeAuditRecord } from "@crossguardian/audit";
import { type HouseSpec } from "@crossguardian/launch";

/** The version that profiles have to be of when none are there: above what any house's audit log on this machine says was in force. Management checks the log itself. */
export const firstVersion = (houses: readonly Pick<HouseSpec, "dataDir">[]): number => {
  const versions = houses.flatMap(({ dataDir }) => {
    const path = join(dataDir, "volumes", "management", "audit", "log.jsonl");
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").filter((line) => line.includes(PROFILES_IN_FORCE)) : [];
    return lines.map((line) => decodeAuditRecord(line)).flatMap((record) => (record?.event === PROFILES_IN_FORCE && typeof record.facts?.["version"] === "number" ? [record.facts["version"] + 1] : []));
  });
  return Math.max(0, ...versions);
};
