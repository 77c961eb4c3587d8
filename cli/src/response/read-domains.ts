import { askHouse, replicaOf, type ReportedDomain } from "@crossguardian/world";

import { askDomain } from "../decode-answer.ts";
import { decodeWatches } from "../doctor/decode-facts.ts";
import { type InstanceRecord } from "../instance.ts";

/** A domain as an operator sees it. */
export type DomainLine = {
  readonly house: string;
  readonly name: string;
  readonly kind: string;
  readonly pid: number | null;
  readonly state: string;
  readonly standbyOf: string | null;
  /** Plugin whose service pairs it shares; null: it is no replica. */
  readonly replicaOf: string | null;
  /** Service pairs with open transfers that are its own now; null where nothing is shared, or the interaction domain does not answer. */
  readonly pairs: number | null;
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
      const hasReplicas = answer?.domains.some(({ name }) => replicaOf(name) !== null) === true;
      const [status, work] = answer === null ? [null, null] : await Promise.all([askDomain(runDir, "management", "status", ""), hasReplicas ? askDomain(runDir, "interaction", "status", "") : null]);
      const actives = activesOf(status);
      const pairs = new Map((decodeWatches(work) ?? []).filter(({ shares }) => shares.length > 1).flatMap(({ shares }) => shares.map((share) => [share.domain, share.pairs])));
      return (answer?.domains ?? []).map(({ name, kind, pid, state, admitted, standbyOf, held }) => ({
        house, name, kind, pid, standbyOf: standbyOf ?? null, replicaOf: replicaOf(name), pairs: pairs.get(name) ?? null, held: held ?? [], isActive: actives.has(name),
        state: state === "running" && admitted === false ? "unadmitted" : state,
      }));
    }),
  );
  return houses.flat();
};
