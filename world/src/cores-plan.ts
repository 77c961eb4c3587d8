import { type DomainEntry } from "@crossguardian/launch";

/** Cores of domains by their kind: `big`, `little`, `all` or a list; all where a kind is left out. */
export type CoresPlan = Readonly<Partial<Record<DomainEntry["kind"], string>>>;

/** The cores a domain begins with. */
export const coresOf = (plan: CoresPlan, { kind }: Pick<DomainEntry, "kind">): Pick<DomainEntry, "cpus"> => {
  const cpus = plan[kind];
  return cpus === undefined ? {} : { cpus };
};
