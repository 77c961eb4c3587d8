import { CodedError } from "@crossguardian/kernel";
import { type CgroupLayout } from "../cgroup/layout.ts";
import { cgroupPath, type CgroupPlan, cpuQuotaWrites, pidsWrite, planCgroups } from "../cgroup/plan.ts";
import { checkSpec } from "../check-spec.ts";
import { type DomainSpec, type IsolationDriver, type Prepared } from "../driver.ts";
import { ISOLATED_CPU_PERCENT } from "../limits.ts";
import { measureDomain } from "../measure.ts";
import { ociConfig, writableFolders } from "../oci-config.ts";
import { createCgroups, destroyCgroups, emptyCgroups, setFrozen, writeCgroup } from "./cgroups.ts";
import { readStats } from "./domain-stats.ts";
import { errorCode, exists } from "./files.ts";
import { bundlePaths, forgetContainer, removeBundle, writeBundle } from "./oci-bundle.ts";
import { type BundlePaths, launchOci } from "./oci-launch.ts";
import { librariesOf, type OciHostFacts, readOciHost } from "./oci-host.ts";
import { sha256 } from "./sha256.ts";
import { requireUsable, toCapabilities } from "./oci-capabilities.ts";
import { ownFiles } from "./volume-owner.ts";

type Known = {
  readonly paths: BundlePaths;
  readonly plan: CgroupPlan;
  readonly pids: number;
  cpuQuotaPercent: number | null;
  isRunning: boolean;
};

const RESOLVER_FILES = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"];

const keyOf = (domain: { readonly name: string; readonly instance: string }): string => `${domain.instance}/${domain.name}`;

const makeLibraryFinder = (): typeof librariesOf => {
  const found = new Map<string, Promise<readonly string[]>>();
  return async (ldd, binary) => {
    const pending = found.get(binary) ?? librariesOf(ldd, binary);
    found.set(binary, pending);
    return pending;
  };
};

const coded = (spec: DomainSpec, error: unknown): unknown =>
  error instanceof CodedError || errorCode(error) === ""
    ? error
    : new CodedError("isolation.start.failed", { domain: spec.name, error: errorCode(error) }, { cause: error });

/**
 * The default driver: one crun container per domain (DESIGN section 4).
 * @param runDir absolute path of the instance's run directory; everything is kept in its folder `isolation`
 */
export const makeOciDriver = ({ runDir }: { readonly runDir: string }): IsolationDriver => {
  const known = new Map<string, Known>();
  const librariesFor = makeLibraryFinder();
  let found: Promise<OciHostFacts> | undefined;
  const host = async (): Promise<OciHostFacts> => (found ??= readOciHost());
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
    checkSpec(spec);
    const facts = await host();
    const config = ociConfig(spec, {
      arch: requireUsable(facts),
      libraries: await librariesFor(String(facts.tools.ldd), spec.nodePath),
      resolverFiles: RESOLVER_FILES.filter(exists),
    });
    const configuration = JSON.stringify(config);
    const paths = bundlePaths(runDir, spec.instance, spec.name);
    const plan = planCgroups(facts.layout, spec.instance, spec.name, spec.limits);
    if (known.has(keyOf(spec)) || exists(paths.bundle)) throw new CodedError("isolation.domain.exists", { domain: spec.name });
    const { cpuQuotaPercent, pids } = spec.limits;
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
        paths,
        tools: facts.tools,
        layout: facts.layout,
        join: plan.join,
        writable: writableFolders(prepared.spec),
        channelFd: channel.fd,
        logFd: stdio.logFd,
      });
      return {
        name: prepared.name,
        instance: prepared.instance,
        pid,
        startedAtMs: Date.now(),
        // Where only the runtime's parent died, the domain follows it.
        exited: exited.then(async (end) => {
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
    name: "oci",
    capabilities: async () => toCapabilities(await host()),
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
      const path = cgroupPath(domain.instance, domain.name);
      writeCgroup([...cpuQuotaWrites(await layout(), path, ISOLATED_CPU_PERCENT), pidsWrite(await layout(), path, 0)]);
    },
    setCpuQuota: async (domain, percent) => {
      writeCgroup(cpuQuotaWrites(await layout(), cgroupPath(domain.instance, domain.name), percent));
      knownOf(domain).cpuQuotaPercent = percent;
    },
    stats: async (domain) => readStats(await layout(), cgroupPath(domain.instance, domain.name)),
    kill: destroy,
  };
};
