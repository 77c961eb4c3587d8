import { type ChainId, chainOf, parseServiceId } from "@crossguardian/kernel";

const MAX_CACHED_SERVICES = 4096;
const known = new Map<string, ChainId>();

/** The chain of a service id, remembered: hot paths ask for the same few again and again. @throws kernel.id.malformed */
export const chainOfService = (service: string): ChainId => {
  const cached = known.get(service);
  if (cached !== undefined) return cached;
  const chain = chainOf(parseServiceId(service));
  if (known.size >= MAX_CACHED_SERVICES) known.clear();
  known.set(service, chain);
  return chain;
};
