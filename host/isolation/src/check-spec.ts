import { CodedError } from "@crossguardian/kernel";
import { type DomainSpec } from "./driver.ts";
import * as bounds from "./limits.ts";

const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const ENVIRONMENT_NAME = /^[A-Z][A-Z0-9_]{0,63}$/;
// The loader or the runtime would act on these before the domain's own code does.
const STEERING_NAME = /^(LD_|NODE_OPTIONS$|NODE_PATH$|NODE_EXTRA|NODE_COMPILE_CACHE$|GCONV_PATH$|CG_(APP|DATA|KEY|CHANNEL)$)/;

const isText = (value: string, maxChars: number): boolean => value.length <= maxChars && !value.includes("\0");

// A comma or colon would be read as an option separator by a mount; the rest is what a shell acts on, should a path ever get into the text of a script.
const isAbsolute = (path: string): boolean =>
  isText(path, bounds.MAX_PATH_CHARS) &&
  /^\/[^,:\\$`;&|<>"'\x00-\x1f\x7f]+$/.test(path) &&
  !path.split("/").slice(1).some((part) => part === "" || part === "." || part === "..");

const isInside = (path: string): boolean => isAbsolute(`/${path}`);

const isIntegerIn = (value: number, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && value >= least && value <= most;

/** Whether the text can name a domain: lower case, digits and inner dashes. */
export const isDomainName = (name: string): boolean =>
  name.length <= bounds.MAX_DOMAIN_NAME_CHARS && NAME.test(name);

/** Whether the text can name an instance: lower case, digits and inner dashes. */
export const isInstance = (instance: string): boolean =>
  instance.length <= bounds.MAX_INSTANCE_CHARS && NAME.test(instance);

const limitsProblem = ({ limits }: DomainSpec): string | null => {
  const quota = limits.cpuQuotaPercent;
  if (!isIntegerIn(limits.memoryBytes, bounds.MIN_MEMORY_BYTES, bounds.MAX_MEMORY_BYTES)) return "limits.memoryBytes";
  if (quota !== null && !isIntegerIn(quota, 1, bounds.MAX_CPU_PERCENT)) return "limits.cpuQuotaPercent";
  if (!isIntegerIn(limits.pids, bounds.MIN_PIDS_COUNT, bounds.MAX_PIDS_COUNT)) return "limits.pids";
  if (!isIntegerIn(limits.tmpfsBytes, 4_096, bounds.MAX_TMPFS_BYTES)) return "limits.tmpfsBytes";
  if (!isIntegerIn(limits.tmpfsInodes, 2, bounds.MAX_TMPFS_INODES_COUNT)) return "limits.tmpfsInodes";
  return null;
};

const environmentProblem = ({ env }: DomainSpec): string | null => {
  const entries = Object.entries(env);
  if (entries.length > bounds.MAX_ENVIRONMENT_COUNT) return "env";
  const bad = entries.find(
    ([name, value]) =>
      !ENVIRONMENT_NAME.test(name) || STEERING_NAME.test(name) || !isText(value, bounds.MAX_ARGUMENT_CHARS),
  );
  return bad === undefined ? null : `env.${bad[0].slice(0, 64)}`;
};

const problemOf = (spec: DomainSpec): string | null => {
  if (!isDomainName(spec.name)) return "name";
  if (!isInstance(spec.instance)) return "instance";
  if (!isAbsolute(spec.image)) return "image";
  if (!isAbsolute(spec.nodePath)) return "nodePath";
  if (!isInside(spec.entry)) return "entry";
  if (spec.argv.length > bounds.MAX_ARGUMENTS_COUNT) return "argv";
  if (spec.argv.some((argument) => !isText(argument, bounds.MAX_ARGUMENT_CHARS))) return "argv";
  if (spec.volume !== null && !isAbsolute(spec.volume.hostPath)) return "volume.hostPath";
  if (spec.volume?.bytes !== undefined && !isIntegerIn(spec.volume.bytes, 1, Number.MAX_SAFE_INTEGER)) {
    return "volume.bytes";
  }
  if (spec.volume?.totalBytes !== undefined && !isIntegerIn(spec.volume.totalBytes, 1, Number.MAX_SAFE_INTEGER)) return "volume.totalBytes";
  if (spec.codeCache !== undefined && !isAbsolute(spec.codeCache.hostPath)) return "codeCache.hostPath";
  if (spec.keySlot !== null && !isAbsolute(spec.keySlot)) return "keySlot";
  if (!isIntegerIn(spec.uidBase, bounds.MIN_UID_BASE, 0xfffffffe - bounds.UIDS_PER_DOMAIN_COUNT)) return "uidBase";
  return environmentProblem(spec) ?? limitsProblem(spec);
};

/** Throws `isolation.spec.invalid` naming the field unless every field is within its bounds. */
export const checkSpec = (spec: DomainSpec): void => {
  const field = problemOf(spec);
  if (field !== null) throw new CodedError("isolation.spec.invalid", { field, domain: spec.name.slice(0, 40) });
};
