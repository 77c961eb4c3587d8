import { CodedError } from "@crossguardian/kernel";
import { type CgroupLayout } from "../cgroup/layout.ts";
import { cgroupPath, type CgroupPlan, type CgroupWrite, cpuQuotaWrites, pidsWrite, planCgroups } from "../cgroup/plan.ts";
import { checkSpec } from "../check-spec.ts";
import { type ContainerRuntime, CRUN, RUNSC, type RuntimePaths } from "../container-runtime.ts";
import { type Capabilities, type DomainSpec, type IsolationDriver, type Prepared, type ResourceChange } from "../driver.ts";
import { ISOLATED_CPU_PERCENT } from "../limits.ts";
import { measureDomain } from "../measure.ts";
import { ociConfig, type OciConfig, writableFolders } from "../oci-config.ts";
import { createCgroups, destroyCgroups, emptyCgroups, setFrozen, writeCgroup } from "./cgroups.ts";
import { readStats } from "./domain-stats.ts";
import { errorCode, exists } from "./files.ts";
import { bundlePaths, forgetContainer, removeBundle, writeBundle } from "./oci-bundle.ts";
import { launchOci } from "./oci-launch.ts";
import { makeLibraryFinder, type OciHostFacts, readOciHost } from "./oci-host.ts";
import { setResources } from "./set-resources.ts";
import { sha256 } from "./sha256.ts";
import { requireUsable, toCapabilities } from "./oci-capabilities.ts";
import { sealProc } from "./seal-proc.ts";
import { ownFiles } from "./volume-owner.ts";
import { requireRoom, watchVolume } from "./watch-volume.ts";

type Known = {
  readonly paths: RuntimePaths;
  readonly plan: CgroupPlan;
  pids: number;
  cpuQuotaPercent: number | null;
  isRunning: boolean;
};

const RESOLVER_FILES = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"];

const keyOf = (domain: { readonly name: string; readonly instance: string }): string => `${domain.instance}/${domain.name}`;

// gVisor ends when it cannot start a thread of its own.
const quarantineWrites = ({ ownTasksCount }: ContainerRuntime, layout: CgroupLayout, path: string): readonly CgroupWrite[] => [
  ...cpuQuotaWrites(layout, path, ISOLATED_CPU_PERCENT),
  ...(ownTasksCount === 0 ? [pidsWrite(layout, path, 0)] : []),
];

const requireNetwork = ({ isolation }: ContainerRuntime, { name, network }: DomainSpec): void => {
  if (network === "host" && isolation !== "oci") throw new CodedError("isolation.network.unsupported", { domain: name, driver: isolation });
};

const lending = (runtime: ContainerRuntime, spec: DomainSpec, { key }: RuntimePaths): DomainSpec =>
  runtime.opensAsDomain && spec.keySlot !== null ? { ...spec, keySlot: key } : spec;

type Reshape = (config: OciConfig, spec: DomainSpec) => OciConfig;

/** What a driver is made of. */
export type OciDriverParts = {
  /** Absolute path of the instance's run directory; everything is kept in its folder `isolation`. */
  readonly runDir: string;
  /** Changes what is handed to the runtime: for the attack lab, which takes layers away. Production domains are refused then. */
  readonly reshape?: Reshape;
};

const configOf = async (runtime: ContainerRuntime, spec: DomainSpec, facts: OciHostFacts, librariesFor: ReturnType<typeof makeLibraryFinder>): Promise<OciConfig> =>
  ociConfig(spec, {
    arch: requireUsable(facts),
    runtime,
    libraries: await librariesFor(String(facts.tools.ldd), spec.nodePath),
    resolverFiles: RESOLVER_FILES.filter(exists),
    sh: String(facts.tools.sh),
    nsenter: String(facts.tools.nsenter),
  });

const requireExperiment = (spec: DomainSpec, reshape: Reshape | undefined): void => {
  if (reshape !== undefined && spec.production === true) throw new CodedError("isolation.reshaped.production", { domain: spec.name });
};

const requireStartable = async (runtime: ContainerRuntime, spec: DomainSpec, reshape: Reshape | undefined): Promise<void> => {
  checkSpec(spec);
  requireNetwork(runtime, spec);
  requireExperiment(spec, reshape);
  await requireRoom(spec);
};

const warning = (told: Capabilities, reshape: Reshape | undefined): Capabilities =>
  reshape === undefined ? told : { ...told, notes: [...told.notes, "its configuration is changed for an experiment: nothing above is promised"] };

const coded = (spec: DomainSpec, error: unknown): unknown =>
  error instanceof CodedError || errorCode(error) === ""
    ? error
    : new CodedError("isolation.start.failed", { domain: spec.name, error: errorCode(error) }, { cause: error });

/** `resume` puts back what is known: it must know the change. */
const changeKnown = (entry: Known, domain: { readonly name: string; readonly instance: string }, change: ResourceChange, { ownTasksCount }: ContainerRuntime, layout: CgroupLayout): void => {
  const pids = change.pids === undefined ? undefined : change.pids + ownTasksCount;
  setResources(layout, domain, { ...change, ...(pids === undefined ? {} : { pids }) });
  if (pids !== undefined) entry.pids = pids;
  if (change.cpuQuotaPercent !== undefined) entry.cpuQuotaPercent = change.cpuQuotaPercent;
};

const makeContainerDriver = (runtime: ContainerRuntime, { runDir, reshape }: OciDriverParts): IsolationDriver => {
  const known = new Map<string, Known>();
  const librariesFor = makeLibraryFinder();
  let found: Promise<OciHostFacts> | undefined;
  const host = async (): Promise<OciHostFacts> => (found ??= readOciHost(runtime));
  const layout = async (): Promise<CgroupLayout> => (await host()).layout;

  const knownOf = (domain: { readonly name: string; readonly instance: string }): Known => {
    const entry = known.get(keyOf(domain));
    if (entry === undefined) throw new CodedError("isolation.domain.unknown", { domain: domain.name });
    return entry;
  };

  const destroy = async (domain: { readonly name: string; readonly instance: string }): Promise<void> => {
    await destroyCgroups(await layout(), domain.instance, domain.name);
    removeBundle(bundlePaths(runDir, domain.instance, domain.name));
    known.delete(keyOf(domain));
  };

  const prepare = async (spec: DomainSpec): Promise<Prepared> => {
    await requireStartable(runtime, spec, reshape);
    const facts = await host();
    const paths = bundlePaths(runDir, spec.instance, spec.name);
    const planned = await configOf(runtime, lending(runtime, spec, paths), facts, librariesFor);
    const config = reshape === undefined ? planned : reshape(planned, spec);
    const configuration = JSON.stringify(config);
    const pids = spec.limits.pids + runtime.ownTasksCount;
    const plan = planCgroups(facts.layout, spec.instance, spec.name, { ...spec.limits, pids });
    if (known.has(keyOf(spec)) || exists(paths.bundle)) throw new CodedError("isolation.domain.exists", { domain: spec.name });
    const { cpuQuotaPercent } = spec.limits;
    known.set(keyOf(spec), { paths, plan, cpuQuotaPercent, pids, isRunning: false });
    try {
      writeBundle(paths, config, configuration, spec.uidBase);
      createCgroups(plan);
      ownFiles(spec);
    } catch (error) {
      await destroy(spec);
      throw coded(spec, error);
    }
    return { name: spec.name, instance: spec.instance, spec, configuration };
  };

  const start: IsolationDriver["start"] = async (prepared, channel, stdio) => {
    const entry = knownOf(prepared);
    const { paths, plan } = entry;
    const facts = await host();
    if (entry.isRunning) throw new CodedError("isolation.domain.exists", { domain: prepared.name });
    entry.isRunning = true;
    forgetContainer(paths);
    try {
      const { pid, exited } = await launchOci({
        runtime,
        paths,
        tools: facts.tools,
        layout: facts.layout,
        join: plan.join,
        writable: writableFolders(prepared.spec),
        keySlot: prepared.spec.keySlot,
        channelFd: channel.fd,
        logFd: stdio.logFd,
      });
      const endWatch = watchVolume(prepared.spec, () => void emptyCgroups(facts.layout, prepared.instance, prepared.name).catch(() => undefined));
      return {
        name: prepared.name, instance: prepared.instance, isolation: runtime.isolation, pid,
        startedAtMs: Date.now(),
        // Where only the runtime's parent died, the domain follows it.
        exited: exited.then(async (end) => {
          endWatch();
          await emptyCgroups(facts.layout, prepared.instance, prepared.name);
          entry.isRunning = false;
          return end;
        }),
      };
    } catch (error) {
      await destroy(prepared);
      throw error;
    }
  };

  return {
    name: runtime.isolation,
    capabilities: async () => warning(toCapabilities(runtime, await host()), reshape),
    prepare,
    measure: async (prepared, imageListing) =>
      Promise.resolve({ digest: measureDomain(sha256, prepared.configuration, imageListing) }),
    start,
    pause: async (domain) => setFrozen(await layout(), cgroupPath(domain.instance, domain.name), true),
    resume: async (domain) => {
      const { pids, cpuQuotaPercent } = knownOf(domain);
      const path = cgroupPath(domain.instance, domain.name);
      writeCgroup([...cpuQuotaWrites(await layout(), path, cpuQuotaPercent), pidsWrite(await layout(), path, pids)]);
      await setFrozen(await layout(), path, false);
    },
    isolate: async (domain) => {
      writeCgroup(quarantineWrites(runtime, await layout(), cgroupPath(domain.instance, domain.name)));
    },
    setCpuQuota: async (domain, percent) => {
      writeCgroup(cpuQuotaWrites(await layout(), cgroupPath(domain.instance, domain.name), percent));
      knownOf(domain).cpuQuotaPercent = percent;
    },
    seal: async (domain) => (runtime.sealsProc ? sealProc(domain, cgroupPath(domain.instance, domain.name), (await host()).tools) : undefined),
    setResources: async (domain, change) => changeKnown(knownOf(domain), domain, change, runtime, await layout()),
    stats: async (domain) => readStats(await layout(), cgroupPath(domain.instance, domain.name)),
    kill: destroy,
  };
};

/** The default driver: one crun container per domain (DESIGN section 4). */
export const makeOciDriver = (parts: OciDriverParts): IsolationDriver => makeContainerDriver(CRUN, parts);

/** One gVisor sandbox per domain: its system calls meet a kernel of its own (paper section IV-B, constraint 1). */
export const makeGvisorDriver = (parts: OciDriverParts): IsolationDriver => makeContainerDriver(RUNSC, parts);
