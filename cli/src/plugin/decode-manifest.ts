import { CHAIN_KIND_NAMES, type ChainKindName, CodedError, decodeJson } from "@crossguardian/kernel";

/** Name of a plugin's manifest in its folder. */
export const MANIFEST_FILE = "crossguardian-plugin.json";
/** Version of the interface between a plugin and what hosts it. */
export const PLUGIN_API = 1;
/** Largest manifest, in bytes. */
export const MAX_MANIFEST_BYTES = 64 * 1024;
const MAX_ENDPOINTS = 8;
const MAX_MEMORY_MIB = 1_024;
const MAX_TMP_MIB = 64;
const EVENTS = ["request", "receipt", "settled"] as const;

/** What a plugin says of itself: what it speaks with, what it wants, what it is proven by. */
export type PluginManifest = {
  readonly api: typeof PLUGIN_API;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Kind of its chains: chooses the verifier. */
  readonly kind: ChainKindName;
  /** Endpoints it wants; each becomes one listed address of its network domain and nothing else is reachable. */
  readonly endpoints: readonly { readonly name: string; readonly scheme: string; readonly purpose: string }[];
  readonly limits: { readonly memoryMiB: number; readonly tmpMiB: number };
  /** Events it can prove. */
  readonly events: readonly (typeof EVENTS)[number][];
  /** Evidence that it sends: the kind's. */
  readonly proof: ChainKindName;
};

const NAME = /^[a-z][a-z0-9-]{0,18}[a-z0-9]$/u;
const VERSION = /^\d{1,5}\.\d{1,5}\.\d{1,5}$/u;
const LINE = /^[^\p{Cc}]{0,200}$/u;
const SCHEME = /^[a-z][a-z0-9+-]{0,7}$/u;

const refused = (field: string, wanted: string): CodedError => new CodedError("plugin.manifest.refused", { field, wanted });

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (untrusted: unknown, where: string, names: readonly string[]): Fields => {
  if (typeof untrusted !== "object" || untrusted === null || Array.isArray(untrusted)) throw refused(where, "an object");
  const fields = untrusted as Fields; // a plain object, checked above
  for (const name of names) if (!Object.hasOwn(fields, name)) throw refused(`${where}.${name}`, "a value");
  const unknown = Object.keys(fields).find((name) => !names.includes(name));
  if (unknown !== undefined) throw refused(`${where}.${unknown.slice(0, 40)}`, "no such field");
  return fields;
};

const text = (untrusted: unknown, field: string, form: RegExp, wanted: string): string => {
  if (typeof untrusted !== "string" || !form.test(untrusted)) throw refused(field, wanted);
  return untrusted;
};

const whole = (untrusted: unknown, field: string, most: number): number => {
  if (typeof untrusted !== "number" || !Number.isInteger(untrusted) || untrusted < 1 || untrusted > most) throw refused(field, `a whole number from 1 to ${most}`);
  return untrusted;
};

const oneOf = <T extends string>(untrusted: unknown, field: string, words: readonly T[]): T => {
  const found = words.find((word) => word === untrusted);
  if (found === undefined) throw refused(field, words.join(" or "));
  return found;
};

const listOf = (untrusted: unknown, field: string, most: number): readonly unknown[] => {
  if (!Array.isArray(untrusted) || untrusted.length < 1 || untrusted.length > most) throw refused(field, `a list of 1 to ${most}`);
  return untrusted;
};

/** Decodes a manifest; every field is needed and no other is allowed. @throws plugin.manifest.refused */
export const decodePluginManifest = (untrustedText: string): PluginManifest => {
  if (untrustedText.length > MAX_MANIFEST_BYTES) throw refused("manifest", `at most ${MAX_MANIFEST_BYTES} bytes`);
  let value: unknown;
  try {
    value = decodeJson(untrustedText);
  } catch (cause) {
    throw new CodedError("plugin.manifest.refused", { field: "manifest", wanted: "JSON" }, { cause });
  }
  const fields = fieldsOf(value, "manifest", ["api", "name", "version", "description", "kind", "endpoints", "limits", "events", "proof"]);
  if (fields["api"] !== PLUGIN_API) throw refused("api", String(PLUGIN_API));
  const limits = fieldsOf(fields["limits"], "limits", ["memoryMiB", "tmpMiB"]);
  const kind = oneOf(fields["kind"], "kind", CHAIN_KIND_NAMES);
  return {
    api: PLUGIN_API,
    name: text(fields["name"], "name", NAME, "2 to 20 of a-z, 0-9 and -"),
    version: text(fields["version"], "version", VERSION, "a version like 1.0.0"),
    description: text(fields["description"], "description", LINE, "one line of at most 200 characters"),
    kind,
    endpoints: listOf(fields["endpoints"], "endpoints", MAX_ENDPOINTS).map((each, at) => {
      const endpoint = fieldsOf(each, `endpoints[${at}]`, ["name", "scheme", "purpose"]);
      return {
        name: text(endpoint["name"], `endpoints[${at}].name`, NAME, "a name"),
        scheme: text(endpoint["scheme"], `endpoints[${at}].scheme`, SCHEME, "a scheme"),
        purpose: text(endpoint["purpose"], `endpoints[${at}].purpose`, LINE, "one line"),
      };
    }),
    limits: { memoryMiB: whole(limits["memoryMiB"], "limits.memoryMiB", MAX_MEMORY_MIB), tmpMiB: whole(limits["tmpMiB"], "limits.tmpMiB", MAX_TMP_MIB) },
    events: listOf(fields["events"], "events", EVENTS.length).map((each, at) => oneOf(each, `events[${at}]`, EVENTS)),
    proof: oneOf(fields["proof"], "proof", [kind]),
  };
};
