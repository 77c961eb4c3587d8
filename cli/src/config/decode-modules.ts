import { type ServiceModules } from "@crossguardian/world";

import { asRecord, asText, invalid, keysOf, shown } from "./decode-fields.ts";

/** Service modules of one chain at most. */
export const MAX_MODULES_COUNT = 8;
/** Services of one module at most. */
export const MAX_MODULE_SERVICES_COUNT = 32;

const MODULE = /^[a-z]([a-z0-9]{0,11})$/u;
const SERVICE = /^[A-Za-z0-9_.-]{1,40}$/u;

/**
 * Service modules of a chain: `{ "asset": ["vault"], "data": ["data"] }`; each service has one module at most.
 * @throws config.field.invalid
 */
export const decodeModules = (untrusted: unknown, field: string): ServiceModules => {
  const record = asRecord(untrusted, field);
  const names = keysOf(record);
  if (names.length > MAX_MODULES_COUNT) throw invalid(field, `at most ${MAX_MODULES_COUNT} modules`);
  const taken = new Set<string>();
  return Object.fromEntries(names.map((name) => {
    const where = `${field}.${shown(name)}`;
    asText(name, where, MODULE, "a name of 1 to 12 small letters and digits that begins with a letter");
    const untrustedServices = record[name];
    if (!Array.isArray(untrustedServices) || untrustedServices.length < 1 || untrustedServices.length > MAX_MODULE_SERVICES_COUNT) throw invalid(where, `a list of 1 to ${MAX_MODULE_SERVICES_COUNT} services`);
    const services = untrustedServices.map((each: unknown, at) => asText(each, `${where}[${at}]`, SERVICE, "the last part of a service's id, such as vault"));
    for (const service of services) {
      if (taken.has(service)) throw invalid(where, "services that no other module of the chain has");
      taken.add(service);
    }
    return [name, services] as const;
  }));
};
