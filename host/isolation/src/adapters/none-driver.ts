import { spawn, type ChildProcess } from "node:child_process";
import { CodedError, type Log } from "@crossguardian/kernel";
import { checkSpec } from "../check-spec.ts";
import { type Capabilities, type DomainExit, type DomainSpec, type IsolationDriver, type RunningDomain } from "../driver.ts";
import { KILL_DEADLINE_MS } from "../limits.ts";
import { measureDomain } from "../measure.ts";
import { domainEnvironment, type InsidePaths, nodeCommand, USUAL_CHANNEL_FD } from "../node-command.ts";
import { errorCode } from "./files.ts";
import { keepOutput } from "./keep-output.ts";
import { pollUntil } from "./poll.ts";
import { readProcessStats } from "./process-stats.ts";
import { sha256 } from "./sha256.ts";

const SETPRIV = "/usr/bin/setpriv";

const CAPABILITIES: Capabilities = {
  driver: "none",
  usable: true,
  runtime: null,
  namespaces: [],
  seccomp: false,
  readOnlyRoot: false,
  cgroup: { mode: "none", controllers: [] },
  limits: [],
  pressure: false,
  missing: [],
  notes: ["nothing is enforced: every domain can read, change and reach whatever the launcher can; for measuring only"],
};

const hostPaths = (spec: DomainSpec): InsidePaths => ({
  node: spec.nodePath,
  app: spec.image,
  data: spec.volume?.hostPath ?? null,
  key: spec.keySlot,
  channelFd: USUAL_CHANNEL_FD,
});

const requireMeasuring = (spec: DomainSpec): void => {
  if (spec.production === true) throw new CodedError("isolation.none.production", { domain: spec.name });
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
};

const spawned = async (child: ChildProcess, domain: string): Promise<number> =>
  new Promise((resolve, reject) => {
    child.once("spawn", () => {
      resolve(Number(child.pid));
    });
    child.once("error", (error) => {
      reject(new CodedError("isolation.start.failed", { domain, error: errorCode(error) }, { cause: error }));
    });
  });

/**
 * Runs a domain as a plain child process, so that the cost of isolation can be measured. Enforces nothing, warns at every
 * start, refuses a production configuration. It must die with the launcher, so util-linux's setpriv is needed here too.
 */
export const makeNoneDriver = ({ log }: { readonly log: Log }): IsolationDriver => {
  const running = new Map<string, { readonly child: ChildProcess; readonly pid: number }>();
  const keyOf = (domain: { readonly name: string; readonly instance: string }): string => `${domain.instance}/${domain.name}`;

  const start: IsolationDriver["start"] = async (prepared, channel, stdio) => {
    const { spec } = prepared;
    requireMeasuring(spec);
    if (running.has(keyOf(prepared))) throw new CodedError("isolation.domain.exists", { domain: prepared.name });
    log.alarm("isolation.none.start", { domain: prepared.name });
    const paths = hostPaths(spec);
    const child = spawn(SETPRIV, ["--pdeathsig", "KILL", "--", ...nodeCommand(spec, paths)], {
      cwd: spec.image,
      env: { ...domainEnvironment(spec, paths) },
      stdio: ["ignore", "pipe", "pipe", channel.fd],
    });
    keepOutput([child.stdout, child.stderr], stdio.logFd);
    const exited = new Promise<DomainExit>((resolve) => {
      child.once("exit", (code, name) => {
        running.delete(keyOf(prepared));
        resolve({ code, signal: name });
      });
    });
    const pid = await spawned(child, prepared.name);
    running.set(keyOf(prepared), { child, pid });
    return { name: prepared.name, instance: prepared.instance, isolation: "none", pid, startedAtMs: Date.now(), exited };
  };

  const toRunning = async (domain: RunningDomain, name: NodeJS.Signals): Promise<void> => {
    const entry = running.get(keyOf(domain));
    if (entry !== undefined) signal(entry.pid, name);
    return Promise.resolve();
  };

  return {
    name: "none",
    capabilities: async () => Promise.resolve(CAPABILITIES),
    prepare: async (spec) => {
      checkSpec(spec);
      requireMeasuring(spec);
      const configuration = JSON.stringify({ command: nodeCommand(spec, hostPaths(spec)), env: domainEnvironment(spec, hostPaths(spec)) });
      return Promise.resolve({ name: spec.name, instance: spec.instance, spec, configuration });
    },
    measure: async (prepared, imageListing) =>
      Promise.resolve({ digest: measureDomain(sha256, prepared.configuration, imageListing) }),
    start,
    pause: async (domain) => toRunning(domain, "SIGSTOP"),
    resume: async (domain) => toRunning(domain, "SIGCONT"),
    isolate: async (domain) => toRunning(domain, "SIGSTOP"),
    setCpuQuota: async () => Promise.resolve(),
    seal: async () => Promise.resolve(),
    setResources: async (domain) => Promise.reject(new CodedError("isolation.resource.unsupported", { domain: domain.name, resource: "all", driver: "none" })),
    stats: async (domain) => Promise.resolve(readProcessStats(domain.pid)),
    kill: async (domain) => {
      const entry = running.get(keyOf(domain));
      if (entry === undefined) return;
      signal(entry.pid, "SIGKILL");
      const gone = await pollUntil(() => !running.has(keyOf(domain)), KILL_DEADLINE_MS);
      if (!gone) throw new CodedError("isolation.cgroup.busy", { domain: domain.name });
    },
  };
};
