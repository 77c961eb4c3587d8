import { CodedError } from "@crossguardian/kernel";
import { type Submitter } from "./submitter.ts";

/** A service module of a chain, or its plugin: the domain that puts calls into the chain, and the services it does so for. */
export type Module = { readonly name: string; readonly services: readonly string[] };

/** Everybody who puts calls into one chain. */
export type Submitters = {
  readonly all: readonly Submitter[];
  /** Who does it for a service: its module, or the plugin where no module names it. */
  readonly forService: (service: string) => Submitter;
  /** Who of them a domain is; null: none. */
  readonly at: (domain: string) => Submitter | null;
};

/**
 * Shares a chain's calls out by service, so that what one module says, or does not do, concerns its own services alone.
 * @throws interaction.config.module when two modules have one name or one service
 */
export const makeSubmitters = (
  place: { readonly chain: string; readonly plugin: string; readonly modules: readonly Module[] },
  make: (domain: string, isFor: (service: string) => boolean) => Submitter,
): Submitters => {
  const domainOf = new Map<string, string>();
  for (const { name, services } of place.modules) {
    for (const service of services) {
      if (domainOf.has(service)) throw new CodedError("interaction.config.module", { chain: place.chain, module: name, service });
      domainOf.set(service, name);
    }
  }
  const handOf = (service: string): string => domainOf.get(service) ?? place.plugin;
  const byDomain = new Map<string, Submitter>();
  for (const domain of [place.plugin, ...place.modules.map(({ name }) => name)]) {
    if (byDomain.has(domain)) throw new CodedError("interaction.config.module", { chain: place.chain, module: domain, service: "" });
    byDomain.set(domain, make(domain, (service) => handOf(service) === domain));
  }
  const all = [...byDomain.values()];
  const forService: Submitters["forService"] = (service) => {
    const submitter = byDomain.get(handOf(service));
    if (submitter === undefined) throw new Error(`nobody submits for ${service}`);
    return submitter;
  };
  return { all, forService, at: (domain) => byDomain.get(domain) ?? null };
};
