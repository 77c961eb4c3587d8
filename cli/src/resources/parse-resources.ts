import { CodedError } from "@crossguardian/kernel";

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1_024, M: 1_024 ** 2, G: 1_024 ** 3 };
const LIFTED = "none";

const bad = (option: string, wanted: string): CodedError => new CodedError("cli.argument.bad", { why: `${option}: ${wanted}` });

const wholeOf = (text: string, option: string): number => {
  if (!/^\d{1,9}$/u.test(text)) throw bad(option, "a whole number");
  return Number(text);
};

const bytesOf = (text: string, option: string): number => {
  const [, number, unit = ""] = /^(\d{1,9})([kMG]?)$/u.exec(text) ?? [];
  if (number === undefined) throw bad(option, "a number of bytes, with k, M or G for 1024, its square and its cube");
  return Number(number) * (UNITS[unit] ?? 1);
};

const orLifted = (read: typeof wholeOf) => (text: string, option: string): number | null => (text === LIFTED ? null : read(text, option));

type ResourceOption = {
  readonly flags: string;
  readonly does: string;
  /** Name of the option as commander gives it, and of the resource in the order. */
  readonly key: string;
  readonly resource: string;
  readonly read: (text: string, option: string) => number | string | null;
};

/** Options of `domain set`; `none` lifts what can be lifted. Bounds are the launcher's (docs/limits.md). */
export const RESOURCE_OPTIONS: readonly ResourceOption[] = [
  { flags: "--cpu <percent>", does: "cpu quota in percent of one core, or none", key: "cpu", resource: "cpuPercent", read: orLifted(wholeOf) },
  { flags: "--cpu-most <percent>", does: "management may lend it cpu up to this quota while it is under legitimate load; none: it does not", key: "cpuMost", resource: "cpuMostPercent", read: orLifted(wholeOf) },
  { flags: "--memory <bytes>", does: "memory bound, such as 512M", key: "memory", resource: "memoryBytes", read: bytesOf },
  { flags: "--pids <count>", does: "tasks at most", key: "pids", resource: "pids", read: wholeOf },
  { flags: "--cores <cores>", does: "big, little, all, or a list such as 0-1,3", key: "cores", resource: "cpus", read: (text) => text },
  { flags: "--io-read <bytes>", does: "read from its volume's disk, bytes per second, or none", key: "ioRead", resource: "ioReadBytesPerS", read: orLifted(bytesOf) },
  { flags: "--io-write <bytes>", does: "write to its volume's disk, bytes per second, or none", key: "ioWrite", resource: "ioWriteBytesPerS", read: orLifted(bytesOf) },
  { flags: "--rate <bytes>", does: "through its port of the switch in each direction, bytes per second, or none", key: "rate", resource: "bytesPerS", read: orLifted(bytesOf) },
  { flags: "--frames <count>", does: "the same in frames per second", key: "frames", resource: "framesPerS", read: orLifted(wholeOf) },
];

/** The change that options ask for, as the order's argument has it. @throws cli.argument.bad */
export const parseResources = (options: Readonly<Record<string, unknown>>): Readonly<Record<string, number | string | null>> =>
  Object.fromEntries(
    RESOURCE_OPTIONS.flatMap(({ flags, key, resource, read }) => {
      const text = options[key];
      return typeof text === "string" ? [[resource, read(text, flags.split(" ")[0] ?? "")]] : [];
    }),
  );
