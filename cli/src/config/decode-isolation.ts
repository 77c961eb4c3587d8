import { type Isolation, ISOLATED_KINDS, ISOLATIONS, type IsolationPlan } from "@crossguardian/world";

import { asFields, asOneOf, invalid } from "./decode-fields.ts";

const asDriver = (untrusted: unknown, field: string): Isolation => asOneOf(untrusted, field, ISOLATIONS);

/** A driver, or an object with `default` and drivers by kind of domain. @throws config.field.invalid, .missing, .unknown */
export const decodeIsolation = (untrusted: unknown, field: string): IsolationPlan => {
  if (typeof untrusted === "string") return asDriver(untrusted, field);
  const fields = asFields(untrusted, field, ["default"], ISOLATED_KINDS);
  const kinds = ISOLATED_KINDS.filter((kind) => fields[kind] !== undefined);
  return {
    default: asDriver(fields["default"], `${field}.default`),
    ...Object.fromEntries(kinds.map((kind) => [kind, asDriver(fields[kind], `${field}.${kind}`)])),
  };
};

/** The same as one word: `gvisor`, or `default=oci,interaction=gvisor`. @throws config.field.invalid, .missing, .unknown */
export const parseIsolation = (untrustedText: string): IsolationPlan => {
  if (!untrustedText.includes("=")) return decodeIsolation(untrustedText, "--isolation");
  const pairs = untrustedText.split(",").map((pair) => pair.split("="));
  if (pairs.some(({ length }) => length !== 2)) throw invalid("--isolation", "a driver, or kind=driver,kind=driver");
  return decodeIsolation({ default: "oci", ...(Object.fromEntries(pairs) as Readonly<Record<string, string>>) }, "--isolation");
};

/** Whether a plan leaves some domain without a jail. */
export const leavesUnjailed = (plan: IsolationPlan): boolean => (typeof plan === "string" ? plan === "none" : Object.values(plan).includes("none"));
