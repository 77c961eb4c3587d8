import { type ContainerRuntime } from "../container-runtime.ts";
import { ALLOWED, ALLOWED_NETWORK, type AllowedSyscall } from "./allowed.ts";
import { type ArgumentRule, FILTERED, FILTERED_NETWORK, type FilteredSyscall } from "./filtered.ts";

/** Architectures a profile can be made for, as Node names them. */
export type Arch = "x64" | "arm64";

type SeccompRule = {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly { readonly index: number; readonly value: number; readonly valueTwo?: number; readonly op: string }[];
};

/** The `linux.seccomp` object of an OCI configuration. */
export type SeccompProfile = {
  readonly defaultAction: string;
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
};

const EPERM = 1;
const ENOSYS = 38;
const ARCHITECTURE = { x64: "SCMP_ARCH_X86_64", arm64: "SCMP_ARCH_AARCH64" } as const;

const toArgument = ({ index, value, mask }: ArgumentRule): NonNullable<SeccompRule["args"]>[number] =>
  mask === undefined
    ? { index, value, op: "SCMP_CMP_EQ" }
    : { index, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ" };

/** A rule of the profile. */
export const toRule = ({ name, args }: FilteredSyscall): SeccompRule => ({
  names: [name],
  action: "SCMP_ACT_ALLOW",
  args: args.map(toArgument),
});

const namesFor = (arch: Arch, entries: readonly AllowedSyscall[]): readonly string[] =>
  entries.filter((entry) => entry.arch === undefined || entry.arch === arch).flatMap((entry) => entry.names);

/** Names allowed unconditionally or by argument, without duplicates: what docs and tests count. */
export const allowedNames = (arch: Arch, network: "none" | "host"): readonly string[] => {
  const wide = network === "host";
  return [
    ...new Set([
      ...namesFor(arch, wide ? [...ALLOWED, ...ALLOWED_NETWORK] : ALLOWED),
      ...(wide ? [...FILTERED, ...FILTERED_NETWORK] : FILTERED).map((entry) => entry.name),
    ]),
  ];
};

/**
 * The system-call filter: what is not listed fails with EPERM; other architectures of the same machine are killed
 * by libseccomp's default. `clone3` answers ENOSYS because its flags lie in memory the filter cannot read: glibc
 * then uses `clone`, whose flags are checked. gVisor's kernel has no `clone3` and its filter no other answer than EPERM,
 * with which glibc gives up; there it is left to that kernel.
 */
export const seccompProfile = (arch: Arch, network: "none" | "host", clone3: ContainerRuntime["clone3"] = "denied"): SeccompProfile => {
  const wide = network === "host";
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: EPERM,
    architectures: [ARCHITECTURE[arch]],
    syscalls: [
      { names: namesFor(arch, wide ? [...ALLOWED, ...ALLOWED_NETWORK] : ALLOWED), action: "SCMP_ACT_ALLOW" },
      clone3 === "denied" ? { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS } : { names: ["clone3"], action: "SCMP_ACT_ALLOW" },
      ...(wide ? [...FILTERED, ...FILTERED_NETWORK] : FILTERED).map(toRule),
    ],
  };
};
