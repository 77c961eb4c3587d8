import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { cgroupsNamed, type SuiteProbe, type SuiteSpec } from "@crossguardian/testkit";
import { runtimeRootOf } from "../src/adapters/runtime-root.ts";
import { type DomainSpec, type IsolationDriver, makeOciDriver, reap, type RunningDomain } from "../src/index.ts";

export const NODE = process.execPath;
export const IMAGE = join(import.meta.dirname, "image");

/** Why a driver cannot be tested here, or false. */
export const skipReason = async (makeDriver = makeOciDriver): Promise<string | false> => {
  const { missing } = await makeDriver({ runDir: "/nowhere" }).capabilities();
  return missing.length === 0 ? false : missing.map(({ part, remedy }) => `${part}: ${remedy}`).join("; ");
};

/** A connected pair of unix sockets; the first end is ours, the second a bare descriptor. */
export const socketPair = async (folder: string): Promise<{ ours: Socket; theirs: Socket; fd: number }> => {
  const path = join(mkdtempSync(join(folder, "s-")), "s");
  const server = createServer({ pauseOnConnect: true });
  server.listen(path);
  await once(server, "listening");
  const ours = connect(path);
  const [theirs] = (await once(server, "connection")) as [Socket & { _handle: { fd: number } }];
  server.close();
  return { ours, theirs, fd: theirs._handle.fd };
};

const processesOf = (instance: string, name: string): readonly string[] =>
  readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(`crossguardian/${instance}/${name}\n`);
    } catch {
      return false;
    }
  });

export type ProbeHarness = {
  readonly driver: IsolationDriver;
  readonly instance: string;
  readonly runDir: string;
  readonly specOf: (spec: SuiteSpec) => DomainSpec;
  readonly open: (spec: SuiteSpec, change?: Partial<DomainSpec>) => Promise<SuiteProbe<RunningDomain>>;
  readonly traces: (name: string) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
};

const MIB_BYTES = 1024 * 1024;

export const makeProbeHarness = (makeDriver: (runDir: string) => IsolationDriver = (runDir) => makeOciDriver({ runDir })): ProbeHarness => {
  const runDir = mkdtempSync(join(tmpdir(), "cg-isolation-"));
  // As the launcher makes it: the users of the domains pass through.
  chmodSync(runDir, 0o711);
  const instance = `t${String(process.pid)}`;
  const driver = makeDriver(runDir);
  const logFd = openSync(join(runDir, "log"), "a");
  let opened = 0;

  const specOf = (spec: SuiteSpec): DomainSpec => {
    const volume = spec.volume === undefined ? null : { hostPath: join(runDir, "volumes", spec.volume) };
    if (volume !== null) mkdirSync(volume.hostPath, { recursive: true });
    opened += 1;
    const keySlot = join(runDir, `key-${spec.name}`);
    if (!existsSync(keySlot)) writeFileSync(keySlot, "key", { mode: 0o600 });
    return {
      name: spec.name,
      instance,
      image: IMAGE,
      nodePath: NODE,
      entry: "probe.ts",
      argv: [],
      env: { CG_TEST: "1" },
      volume,
      keySlot,
      limits: {
        memoryBytes: spec.memoryBytes ?? 128 * MIB_BYTES,
        cpuQuotaPercent: spec.cpuQuotaPercent ?? null,
        pids: spec.pids ?? 64,
        tmpfsBytes: spec.tmpfsBytes ?? 4 * MIB_BYTES,
        tmpfsInodes: 256,
      },
      network: "none",
      // Volumes change hands between domains of different uids, as after a new allocation.
      uidBase: 0x10000000 + opened * 65_536,
    };
  };

  const open: ProbeHarness["open"] = async (wanted, change = {}) => {
    const prepared = await driver.prepare({ ...specOf(wanted), ...change });
    const { ours, theirs, fd } = await socketPair(runDir);
    const answers: ((line: string) => void)[] = [];
    const failures: ((error: Error) => void)[] = [];
    const next = async (): Promise<Readonly<Record<string, unknown>>> =>
      new Promise((resolve, reject) => {
        failures.push(reject);
        answers.push((line) => {
          resolve(JSON.parse(line) as Readonly<Record<string, unknown>>);
        });
      });
    const listen = (socket: Socket): void => {
      createInterface({ input: socket }).on("line", (line) => answers.shift()?.(line));
      socket.on("error", () => undefined);
      socket.on("close", () => {
        failures.forEach((fail) => {
          fail(new Error("channel closed"));
        });
      });
    };
    ours.on("error", () => undefined);
    const hello = next();
    hello.catch(() => undefined);
    const domain = await driver.start(prepared, { fd }, { logFd }).catch((error: unknown) => {
      ours.destroy();
      throw error;
    }).finally(() => theirs.destroy());
    if (domain.end === undefined) listen(ours);
    else {
      ours.destroy();
      listen(domain.end.socket);
    }
    const end = domain.end?.socket ?? ours;
    void domain.exited.then(() => end.destroy());
    await hello;
    const ask: SuiteProbe<RunningDomain>["ask"] = async (command, argument = "", withinMs = 20_000) => {
      const answer = next();
      end.write(`${command} ${argument}\n`);
      const late = sleep(withinMs, undefined, { ref: false }).then(() => {
        throw new Error(`no answer to ${command}`);
      });
      return Promise.race([answer, late]);
    };
    return { domain, ask };
  };

  const notes = runtimeRootOf(join(runDir, "isolation"));
  return {
    driver,
    instance,
    runDir,
    specOf,
    open,
    traces: async (name) =>
      Promise.resolve([
        ...cgroupsNamed((each) => each === name).filter((path) => path.includes(`/${instance}/`)),
        ...processesOf(instance, name),
        ...(existsSync(join(runDir, "isolation/bundles", name)) ? [`bundle ${name}`] : []),
        ...(existsSync(notes) ? readdirSync(notes) : []).filter((entry) => new RegExp(`\\.${name}(_|$)`).test(entry)),
        ...readFileSync("/proc/self/mountinfo", "utf8").split("\n").filter((line) => line.includes(runDir)),
      ]),
    close: async () => {
      await reap(instance, runDir);
      rmSync(runDir, { recursive: true, force: true });
    },
  };
};
