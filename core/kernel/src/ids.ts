import { CodedError } from "./failure.ts";

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** `bxhID:chainID:serviceID` (ibtp-wire, ID formats). */
export type ServiceId = Branded<string, "ServiceId">;

/** Name of a registered chain, the middle part of its services' ids. */
export type ChainId = Branded<string, "ChainId">;

/** Largest service id, in characters. */
export const MAX_SERVICE_ID_CHARS = 160;
/** Largest chain id, in characters. */
export const MAX_CHAIN_ID_CHARS = 40;

const PART = /^[A-Za-z0-9._-]{1,64}$/u;
const CHAIN = /^[A-Za-z0-9._]{1,40}$/u;

/** Checks and brands a service id. @throws kernel.id.malformed */
export const parseServiceId = (untrustedText: string): ServiceId => {
  const parts = untrustedText.split(":");
  const [bxh, chain, service] = parts;
  const wellFormed =
    parts.length === 3 &&
    untrustedText.length <= MAX_SERVICE_ID_CHARS &&
    PART.test(bxh ?? "") &&
    CHAIN.test(chain ?? "") &&
    PART.test(service ?? "");
  if (!wellFormed) throw new CodedError("kernel.id.malformed", { what: "service" });
  return untrustedText as ServiceId; // the one place where the brand is made, after the check
};

/** Checks and brands a chain id. @throws kernel.id.malformed */
export const parseChainId = (untrustedText: string): ChainId => {
  if (!CHAIN.test(untrustedText)) throw new CodedError("kernel.id.malformed", { what: "chain" });
  return untrustedText as ChainId; // the one place where the brand is made, after the check
};

/** The chain a service lives on. */
export const chainOf = (service: ServiceId): ChainId => parseChainId(service.split(":")[1] ?? "");

/** `from-to` (ibtp-wire, ID formats). */
export const pairId = (from: ServiceId, to: ServiceId): string => `${from}-${to}`;

/** `from-to-index`: the name of one transfer from end to end. */
export const ibtpId = (from: ServiceId, to: ServiceId, index: bigint): string =>
  `${from}-${to}-${index.toString()}`;
