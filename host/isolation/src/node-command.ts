import { type DomainSpec } from "./driver.ts";

/** Where the parts of a domain lie as the domain sees them; null: it has none. */
export type InsidePaths = {
  readonly node: string;
  readonly app: string;
  readonly data: string | null;
  readonly key: string | null;
  /** Descriptor of the channel. */
  readonly channelFd: number;
};

/** Descriptor of the channel where nothing else is said. */
export const USUAL_CHANNEL_FD = 3;

const MIB_BYTES = 1024 * 1024;
// What remains of the limit is for stacks, code, native buffers and the page cache the kernel charges.
const OLD_SPACE_SHARE = 0.6;
const MAX_SEMI_SPACE_MIB = 16;

const heapFlags = (memoryBytes: number): readonly string[] => {
  const mib = memoryBytes / MIB_BYTES;
  const semiSpaceMib = Math.min(MAX_SEMI_SPACE_MIB, Math.max(1, 2 ** Math.floor(Math.log2(mib / 16))));
  return [
    `--max-old-space-size=${String(Math.max(24, Math.floor(mib * OLD_SPACE_SHARE)))}`,
    `--max-semi-space-size=${String(semiSpaceMib)}`,
  ];
};

/**
 * Whole modules are compiled when they are loaded, so that the cache of compiled code has all of them: a standby that takes over runs most of its code for the
 * first time, under load, and what a process seldom does, like a switch that cuts a port off, is not compiled when it is needed.
 */
export const COMPILE_ALL = "--no-lazy";

/** The program and its arguments; node cannot see its control group, so the heap bound is told to it. */
export const nodeCommand = (spec: DomainSpec, paths: InsidePaths): readonly string[] => [
  paths.node,
  ...heapFlags(spec.limits.memoryBytes),
  COMPILE_ALL,
  "--disable-sigusr1",
  `${paths.app}/${spec.entry}`,
  ...spec.argv,
];

/** The whole environment of the domain: what the specification lists, the three paths, and an unusual channel. */
export const domainEnvironment = (spec: DomainSpec, paths: InsidePaths): Readonly<Record<string, string>> => ({
  ...spec.env,
  CG_APP: paths.app,
  ...(paths.data === null ? {} : { CG_DATA: paths.data }),
  ...(paths.key === null ? {} : { CG_KEY: paths.key }),
  ...(paths.channelFd === USUAL_CHANNEL_FD ? {} : { CG_CHANNEL: String(paths.channelFd) }),
});
