import { basename, join } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { checkSpec } from "../../check-spec.ts";
import { type ContainerRuntime, CRUN } from "../../container-runtime.ts";
import { type Capabilities, type DomainMachine, type DomainSpec, type DomainStats, type Isolation, type IsolationDriver } from "../../driver.ts";
import { GUEST_ANSWER_DEADLINE_MS, GUEST_KERNEL_BYTES, ISOLATED_CPU_PERCENT } from "../../limits.ts";
import { PLAIN_TYPES_FILE } from "../../machine/plain-types.ts";
import { GUEST_CODE, guestFolder, guestProgram, guestWrites, killScript, statsScript } from "../../machine/guest-scripts.ts";
import { measureDomain } from "../../measure.ts";
import { COMPILE_ALL } from "../../node-command.ts";
import { ociConfig, type OciConfig } from "../../oci-config.ts";
import { makeLibraryFinder } from "../oci-host.ts";
import { sha256 } from "../sha256.ts";
import { makeBounds } from "./machine-bounds.ts";
import { isAlone, type Key, keyOf, type Known, makeMachines } from "./machines.ts";
import { type StartMachine } from "./running-machine.ts";
import { heldOf, startInMachine } from "./start-in-machine.ts";

/** What is started in place of Node: for the attack lab. Production domains are refused then. */
export type ProgramOf = (spec: DomainSpec) => Uint8Array;

/** What one kind of machine adds. */
export type MachineKind = {
  readonly name: Isolation;
  readonly capabilities: () => Promise<Capabilities>;
  /** @returns the program `ldd` of this host @throws isolation.host.unsupported, isolation.xen.* where a domain can not be had as specified */
  readonly require: (spec: DomainSpec) => Promise<string>;
  readonly startMachine: StartMachine;
  readonly programOf?: ProgramOf;
  /** Whether its images' disks hold modules without types, and what has a program wait that is started before its guest has a secret. */
  readonly hasPlainTypes: boolean;
  /** Whether its root image has a folder for compiled code of domains. */
  readonly hasCode: boolean;
};

/** The machine of a domain that names none: its own. */
const machineOf = (spec: DomainSpec): DomainMachine =>
  spec.machine ?? {
    name: spec.name,
    memoryBytes: spec.limits.memoryBytes + GUEST_KERNEL_BYTES,
    cpuQuotaPercent: spec.limits.cpuQuotaPercent,
    cores: 1,
    domains: 1,
    diskPath: spec.volume === null ? null : join(spec.volume.hostPath, "disk.img"),
  };

// The guest's kernel serves the containers of one machine only, and the hook that closes user namespaces needs programs of a Debian userland.
const IN_GUEST: ContainerRuntime = { ...CRUN, closesNamespaces: false };

const insideGuest = (spec: DomainSpec, hasCode: boolean): DomainSpec => {
  const { codeCache: _, ...rest } = spec;
  return {
    ...rest,
    image: "/image",
    nodePath: "/node",
    volume: spec.volume === null ? null : { ...spec.volume, hostPath: `/volumes/${basename(spec.volume.hostPath)}` },
    keySlot: spec.keySlot === null ? null : `${guestFolder(spec.name)}/key`,
    ...(hasCode ? { codeCache: { hostPath: GUEST_CODE, mode: "use" as const } } : {}),
  };
};

/** The same domain, but for its program. */
const withProgram = (config: OciConfig, name: string): OciConfig => ({
  ...config,
  mounts: config.mounts.map((mount) => (mount.destination === "/node" ? { ...mount, source: guestProgram(name) } : mount)),
});

/** Whole modules are compiled for a cache, or for the state that a held domain is kept in; where there is neither each start would pay for code that it does not run. */
const withLazyCode = (config: OciConfig): OciConfig => ({
  ...config,
  process: { ...config.process, args: (config.process["args"] as readonly string[]).filter((word) => word !== COMPILE_ALL) }, // as ociConfig makes it
});

// Node's own start state lies in its program, which was measured: an emulated processor needs not sum it up again at each start.
const TRUST_OWN_STATE = "--no-verify-snapshot-checksum";

/** Node takes the modules of its image's disk as they are. */
const withPlainTypes = (config: OciConfig): OciConfig => {
  const [node, ...args] = config.process["args"] as readonly string[]; // as ociConfig makes it
  return { ...config, process: { ...config.process, args: [node, TRUST_OWN_STATE, `--import=/app/${PLAIN_TYPES_FILE}`, ...args] } };
};

const toStats = (numbers: readonly bigint[]): DomainStats => ({
  memoryBytes: Number(numbers[0] ?? 0n),
  fileCacheBytes: 0,
  memoryPeakBytes: Number(numbers[1] ?? 0n),
  cpuUsec: numbers[2] ?? 0n,
  throttled: numbers[3] ?? 0n,
  pids: Number(numbers[4] ?? 0n),
  oomKills: numbers[5] ?? 0n,
  psi: null,
});

/**
 * Domains in machines: a kernel per machine, each domain a container in it with a channel of its own (paper section IV-B, constraint 1,
 * and its nesting of VM, container and sandbox).
 */
export const makeMachineDriver = (kind: MachineKind): IsolationDriver => {
  const known = new Map<string, Known>();
  const machines = makeMachines(kind.startMachine, (entry) => (kind.hasPlainTypes && isAlone(entry) && entry.program === null ? heldOf(entry) : null));
  const librariesFor = makeLibraryFinder();
  const knownOf = (domain: Key): Known => {
    const entry = known.get(keyOf(domain));
    if (entry === undefined) throw new CodedError("isolation.domain.unknown", { domain: domain.name });
    return entry;
  };
  const { write, freeze, quota, setQuota, setResources } = makeBounds(kind.name, knownOf);

  const kill = async (domain: Key): Promise<void> => {
    const entry = known.get(keyOf(domain));
    if (entry === undefined) return;
    const { place } = entry;
    known.delete(keyOf(domain));
    if (place !== null && !isAlone(entry)) {
      const isMine = (line: { readonly type: string; readonly name?: string }): boolean => line.name === domain.name && (line.type === "gone" || line.type === "stays");
      const answer = await place.machine.link.ask(killScript(domain.name), isMine, GUEST_ANSWER_DEADLINE_MS).catch(() => null);
      // A guest that does not obey is ended with everybody in it.
      if (answer?.type === "gone") place.machine.freeSlot(place.slot);
      else await place.machine.destroy();
    }
    await machines.leave(entry);
  };

  const start: IsolationDriver["start"] = async (prepared, _channel, stdio) => {
    const entry = knownOf(prepared);
    if (entry.isRunning) throw new CodedError("isolation.domain.exists", { domain: prepared.name });
    entry.isRunning = true;
    try {
      if (entry.place !== null && !isAlone(entry)) entry.place.machine.freeSlot(entry.place.slot);
      return await startInMachine(entry, await machines.enter(entry, stdio.logFd), kind.name);
    } catch (error) {
      await kill(prepared);
      throw error;
    }
  };

  return {
    name: kind.name,
    capabilities: kind.capabilities,
    prepare: async (spec) => {
      checkSpec(spec);
      if (kind.programOf !== undefined && spec.production === true) throw new CodedError("isolation.reshaped.production", { domain: spec.name });
      if (spec.network === "host") throw new CodedError("isolation.network.unsupported", { domain: spec.name, driver: kind.name });
      const ldd = await kind.require(spec);
      if (known.has(keyOf(spec))) throw new CodedError("isolation.domain.exists", { domain: spec.name });
      const libraries = await librariesFor(ldd, spec.nodePath);
      const typed = ociConfig(insideGuest(spec, kind.hasCode), { arch: "x64", runtime: IN_GUEST, libraries, resolverFiles: [], sh: "/bin/sh", nsenter: "/bin/nsenter" });
      const compiled = kind.hasCode || spec.machine === undefined ? typed : withLazyCode(typed);
      const planned = kind.hasPlainTypes ? withPlainTypes(compiled) : compiled;
      const machine = machineOf(spec);
      const program = kind.programOf?.(spec) ?? null;
      const config = program === null ? planned : withProgram(planned, spec.name);
      known.set(keyOf(spec), { spec, machine, config, liveConfig: kind.hasCode ? config : withLazyCode(config), program, cpuQuotaPercent: spec.limits.cpuQuotaPercent, place: null, isRunning: false });
      return { name: spec.name, instance: spec.instance, spec, configuration: JSON.stringify({ config, machine }) };
    },
    measure: async (prepared, imageListing) => Promise.resolve({ digest: measureDomain(sha256, prepared.configuration, imageListing) }),
    start,
    pause: async (domain) => freeze(domain, true),
    resume: async (domain) => {
      const entry = knownOf(domain);
      await freeze(domain, false);
      await quota(domain, entry.cpuQuotaPercent);
      if (!isAlone(entry)) await write(domain, [guestWrites.pids(entry.spec.limits.pids)]);
    },
    isolate: async (domain) => {
      await quota(domain, ISOLATED_CPU_PERCENT);
      if (!isAlone(knownOf(domain))) await write(domain, [guestWrites.pids(null)]);
    },
    setCpuQuota: setQuota,
    setResources,
    // The /proc in there is that of the guest's kernel.
    seal: async () => Promise.resolve(),
    stats: async (domain) => {
      const { place, ...entry } = knownOf(domain);
      if (place === null) return toStats([]);
      if (isAlone({ ...entry, place })) return place.machine.whole.stats();
      const answer = await place.machine.link.ask(
        statsScript(domain.name), (line) => line.type === "stats" && line.name === domain.name, GUEST_ANSWER_DEADLINE_MS,
      );
      return toStats(answer.type === "stats" ? answer.numbers : []);
    },
    keep: async (domain) => knownOf(domain).place?.machine.keep?.(),
    kill,
  };
};
