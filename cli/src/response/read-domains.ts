import { askHouse, type ReportedDomain } from "@crossguardian/world";

import { askDomain } from "../decode-answer.ts";
import { type InstanceRecord } from "../instance.ts";

/** A domain as an operator sees it. */
export type DomainLine = {
  readonly house: string;
  readonly name: string;
  readonly kind: string;
  readonly pid: number | null;
  readonly state: string;
  readonly standbyOf: string | null;
  /** Traffic of its role goes to it. */
  readonly isActive: boolean;
  /** Steps of the response ladder in force. */
  readonly held: readonly string[];
};

const activesOf = (status: unknown): ReadonlySet<string> =>
  new Set(
    (Array.isArray(status) ? status : []).flatMap((each: unknown) => {
      if (typeof each !== "object" || each === null || !("name" in each) || !("activeMs" in each)) return [];
      return typeof each.name === "string" && each.activeMs !== null ? [each.name] : [];
    }),
  );

/** Every domain of an instance; a house that does not answer has none. */
export const readDomains = async (record: InstanceRecord): Promise<readonly DomainLine[]> => {
  const houses = await Promise.all(
    record.houses.map(async ({ house, runDir }) => {
      const answer = await askHouse<{ readonly domains: readonly ReportedDomain[] }>(runDir, { cmd: "domains" }).catch(() => null);
      const actives = activesOf(answer === null ? null : await askDomain(runDir, "management", "status", ""));
      return (answer?.domains ?? []).map(({ name, kind, pid, state, admitted, standbyOf, held }) => ({
        house, name, kind, pid, standbyOf: standbyOf ?? null, held: held ?? [], isActive: actives.has(name),
        state: state === "running" && admitted === false ? "unadmitted" : state,
      }));
    }),
  );
  return houses.flat();
};
