import { CodedError } from "@crossguardian/kernel";
import { type NetworkConfig } from "@crossguardian/protocol";
import { parseAddress, type Address } from "./parse-address.ts";

/** Which domain may reach what; everything else is refused. */
export type Grants = {
  readonly addressOf: (domain: string, endpoint: string) => Address | null;
  readonly intakes: readonly { readonly domain: string; readonly name: string; readonly listen: Address }[];
};

const keyOf = (domain: string, name: string): string => `${domain}\u0000${name}`;

/** Checks the lists of a configuration. @throws network.address.malformed, network.grant.twice */
export const makeGrants = (config: NetworkConfig): Grants => {
  const addresses = new Map<string, Address>();
  for (const { domain, endpoint, address } of config.grants) {
    const key = keyOf(domain, endpoint);
    if (addresses.has(key)) throw new CodedError("network.grant.twice", { domain, endpoint });
    addresses.set(key, parseAddress(address));
  }
  const seen = new Set<string>();
  const intakes = config.intakes.map(({ domain, name, listen }) => {
    if (seen.has(keyOf(domain, name))) throw new CodedError("network.grant.twice", { domain, intake: name });
    seen.add(keyOf(domain, name));
    const address = parseAddress(listen);
    if (address.scheme === "tls") throw new CodedError("network.address.malformed", { intake: name });
    return { domain, name, listen: address };
  });
  return { addressOf: (domain, endpoint) => addresses.get(keyOf(domain, endpoint)) ?? null, intakes };
};
