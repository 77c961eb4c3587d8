import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";

/** The part of a started domain the suite looks at. */
export type SuiteDomain = {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
};

/** The part of a driver the suite calls on a started domain. */
export type SuiteDriver<D extends SuiteDomain> = {
  readonly pause: (domain: D) => Promise<void>;
  readonly resume: (domain: D) => Promise<void>;
  readonly isolate: (domain: D) => Promise<void>;
  readonly stats: (domain: D) => Promise<{
    readonly cpuUsec: bigint;
    readonly memoryBytes: number;
    readonly pids: number;
    readonly oomKills: bigint;
  }>;
  readonly seal: (domain: D) => Promise<void>;
  readonly kill: (domain: D) => Promise<void>;
};

/** What a test may set; the rest of the specification is the harness's. */
export type SuiteSpec = {
  readonly name: string;
  readonly memoryBytes?: number;
  readonly cpuQuotaPercent?: number;
  readonly pids?: number;
  readonly tmpfsBytes?: number;
  /** Name of a volume; two domains with the same name, one after the other, see the same files. */
  readonly volume?: string;
};

/** A started domain that runs the probe. */
export type SuiteProbe<D extends SuiteDomain> = {
  readonly domain: D;
  /** Sends a command over the channel and waits for the answer; rejects when the channel closes or after `withinMs`. */
  readonly ask: (command: string, argument?: string, withinMs?: number) => Promise<Readonly<Record<string, unknown>>>;
};

/** What a driver's test hands in. */
export type DriverSuiteInput<D extends SuiteDomain> = {
  /** Registers a test; the harness skips it, with a reason, where the driver cannot run. */
  readonly test: (name: string, body: () => Promise<void>) => void;
  readonly driver: SuiteDriver<D>;
  /** Prepares and starts a domain whose environment is `CG_TEST=1`, with a key slot that holds `key`. */
  readonly open: (spec: SuiteSpec) => Promise<SuiteProbe<D>>;
  /** Processes, control groups, mounts and folders of the name that exist on the host. */
  readonly traces: (name: string) => Promise<readonly string[]>;
  /** Paths of the host that must not exist inside. */
  readonly hostPaths: readonly string[];
  readonly waitMs: (durationMs: number) => Promise<void>;
  /** Where the driver's kernel is not the host's. */
  readonly other?: {
    /** Descriptor of the channel, 3 unless told. */
    readonly channelFd?: number;
    /** Fields of the domain's status that the domain's own kernel does not tell, as the host's kernel tells them. */
    readonly outside?: (domain: D) => Promise<Readonly<Record<string, string>>>;
    /** Tasks of the driver itself that are counted with the domain's. */
    readonly ownTasksCount?: number;
    /** Fields of the status that neither kernel tells. */
    readonly untold?: readonly string[];
    /** Names in a domain's environment that are the driver's own. */
    readonly ownEnvironment?: readonly string[];
    /** A domain ends when it runs code out of a volume, instead of being refused. */
    readonly endsOnVolumeCode?: boolean;
    /** The domain's kernel shows a `/sys` and a `/proc` of its own. */
    readonly hasOwnSys?: boolean;
    readonly hasOwnProc?: boolean;
  };
};

const MIB_BYTES = 1024 * 1024;
const SILENCE_MS = 200;
const BUSY_MS = 1_500;
const QUOTA_PERCENT = 20;
const USUAL_CHANNEL_FD = 3;

type Use<D extends SuiteDomain> = (spec: SuiteSpec, body: (probe: SuiteProbe<D>) => Promise<void>) => Promise<void>;

const useOf = <D extends SuiteDomain>({ open, driver, traces }: DriverSuiteInput<D>): Use<D> =>
  async (spec, body) => {
    const probe = await open(spec);
    try {
      await body(probe);
    } finally {
      await driver.kill(probe.domain);
      await probe.domain.exited;
    }
    deepStrictEqual(await traces(spec.name), []);
  };

const codesOf = (answer: Readonly<Record<string, unknown>>): readonly unknown[] => Object.values(answer);

const seeingTests = <D extends SuiteDomain>(input: DriverSuiteInput<D>, use: Use<D>): void => {
  const { test, hostPaths, other = {} } = input;
  const channelFd = other.channelFd ?? USUAL_CHANNEL_FD;
  test("a domain answers on its channel and sees only its own environment", async () =>
    use({ name: "env", volume: "env" }, async ({ ask }) => {
      const { HOME, CG_CHANNEL, ...env } = await ask("env");
      ok(HOME === undefined || HOME === "/");
      strictEqual(CG_CHANNEL, channelFd === USUAL_CHANNEL_FD ? undefined : String(channelFd));
      deepStrictEqual(Object.keys(env).sort(), ["CG_APP", "CG_DATA", "CG_KEY", "CG_TEST", ...(other.ownEnvironment ?? [])].sort());
    }));
  test("a domain sees no file of the host", async () =>
    use({ name: "files" }, async ({ ask }) => {
      for (const path of ["/etc/shadow", "/etc/passwd", "/root", other.hasOwnSys === true ? "/sys/kernel/debug" : "/sys/kernel", "/proc/1/root/etc", "/bin/sh", ...hostPaths]) {
        strictEqual((await ask("read", path))["code"], "ENOENT", path);
      }
    }));
  test("a domain inherits no descriptor but its channel and its output", async () =>
    use({ name: "fds" }, async ({ ask }) => {
      const { named } = await ask("fds");
      deepStrictEqual(named, [...new Set(["0", "1", "2", String(channelFd)])].sort());
    }));
  test("the kernel confines a domain: no capability, no new privilege, a filter, an unprivileged host uid", async () =>
    use({ name: "facts" }, async ({ domain, ask }) => {
      const facts: Readonly<Record<string, unknown>> = { ...(await ask("status")), ...(await other.outside?.(domain)) };
      const sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].filter((name) => other.untold?.includes(name) !== true);
      for (const name of sets) strictEqual(facts[name], "0000000000000000", name);
      strictEqual(facts["NoNewPrivs"], "1");
      strictEqual(facts["Seccomp"], "2");
      ok(!/^\s*\d+\s+0\s/m.test(String(facts["uidMap"])), "host root is mapped");
    }));
};

const reachingTests = <D extends SuiteDomain>(input: DriverSuiteInput<D>, use: Use<D>): void => {
  const { test, driver, other = {} } = input;
  test("a domain cannot change its program, its root or its key", async () =>
    use({ name: "write" }, async ({ ask }) => {
      for (const path of ["/x", "/app/x", "/app/probe.ts", "/dev/x", "/node", "/key"]) {
        const { code } = await ask("write", path);
        ok(code === "EROFS" || code === "EACCES", `${path}: ${String(code)}`);
      }
      strictEqual((await ask("read", "/key"))["text"], "key");
    }));
  test("a volume keeps its files over a restart and nothing in it can be executed", async () => {
    await use({ name: "volume-1", volume: "kept" }, async ({ ask }) => {
      strictEqual((await ask("write", "/data/x"))["code"], "");
      strictEqual((await ask("link", "/data/y"))["code"], "EPERM");
      const execute = ask("execute", "/data/lib");
      if (other.endsOnVolumeCode === true) await rejects(execute, /channel closed/);
      else ok(/failed to map|not permitted/i.test(String((await execute)["message"])));
    });
    await use({ name: "volume-2", volume: "kept" }, async ({ ask }) => {
      strictEqual((await ask("read", "/data/x"))["text"], "x");
    });
  });
  test("a sealed domain has no /proc and goes on, and sealing again does nothing", async () =>
    use({ name: "sealed" }, async ({ domain, ask }) => {
      strictEqual((await ask("read", "/proc/self/status"))["code"], "");
      await driver.seal(domain);
      await driver.seal(domain);
      for (const path of other.hasOwnProc === true ? [] : ["/proc/self/status", "/proc/1/status", "/proc/self/net/dev"]) strictEqual((await ask("read", path))["code"], "ENOENT", path);
      strictEqual((await ask("ping"))["ok"], true);
      strictEqual((await ask("busy", "50"))["code"], undefined);
    }));
  test("a domain cannot open a network socket and has no device but lo", async () =>
    use({ name: "network" }, async ({ ask }) => {
      const { devices, ...attempts } = await ask("network");
      deepStrictEqual(devices, ["lo"]);
      for (const code of codesOf(attempts)) strictEqual(code, "EPERM");
    }));
  test("a domain cannot start another process", async () =>
    use({ name: "spawn" }, async ({ ask }) => {
      const { code } = await ask("spawn");
      ok(code === "EPERM" || code === "EAGAIN", String(code));
    }));
};

const boundingTests = <D extends SuiteDomain>(input: DriverSuiteInput<D>, use: Use<D>): void => {
  const { test, driver, waitMs, other = {} } = input;
  test("a domain that takes too much memory is killed alone", async () =>
    use({ name: "bystander" }, async (bystander) => {
      await use({ name: "memory", memoryBytes: 96 * MIB_BYTES }, async ({ domain, ask }) => {
        await rejects(ask("hoard"));
        deepStrictEqual(await domain.exited, { code: null, signal: "SIGKILL" });
        ok((await driver.stats(domain)).oomKills >= 1n);
      });
      strictEqual((await bystander.ask("ping"))["ok"], true);
    }));
  test("a domain cannot have more tasks than its limit", async () =>
    use({ name: "pids", pids: 20, memoryBytes: 512 * MIB_BYTES }, async ({ domain, ask }) => {
      await ask("threads").catch(() => undefined);
      ok((await driver.stats(domain)).pids <= 21 + (other.ownTasksCount ?? 0));
    }));
  test("a domain cannot fill /tmp beyond its limit", async () =>
    use({ name: "tmpfs", tmpfsBytes: MIB_BYTES }, async ({ ask }) => {
      strictEqual((await ask("fill", "/tmp/x"))["code"], "ENOSPC");
    }));
  test("a cpu quota holds while the domain is busy", async () =>
    use({ name: "quota", cpuQuotaPercent: QUOTA_PERCENT }, async ({ domain, ask }) => {
      const before = await driver.stats(domain);
      const { wallMs, longestGapMs } = await ask("busy", String(BUSY_MS));
      const usedMs = Number((await driver.stats(domain)).cpuUsec - before.cpuUsec) / 1_000;
      // A guest's kernel counts the time in which its host did not run it as used, and makes the domain pay for it only afterwards.
      const allowedMs = (Number(wallMs) * QUOTA_PERCENT * 1.35) / 100 + 20 + Number(longestGapMs);
      ok(usedMs <= allowedMs, `${String(usedMs)} of ${String(wallMs)} ms, longest gap ${String(longestGapMs)} ms`);
    }));
  test("a quarantined domain gets a trickle of cpu until it is released", async () =>
    use({ name: "isolate" }, async ({ domain, ask }) => {
      await driver.isolate(domain);
      const before = await driver.stats(domain);
      const busy = ask("busy", String(BUSY_MS), 30_000);
      await waitMs(BUSY_MS);
      const usedMs = Number((await driver.stats(domain)).cpuUsec - before.cpuUsec) / 1_000;
      ok(usedMs < BUSY_MS * 0.3, `${String(usedMs)} ms`);
      await driver.resume(domain);
      await busy;
    }));
};

const livingTests = <D extends SuiteDomain>(input: DriverSuiteInput<D>, use: Use<D>): void => {
  const { test, driver, open } = input;
  test("a paused domain is silent and answers when resumed", async () =>
    use({ name: "pause" }, async ({ domain, ask }) => {
      await driver.pause(domain);
      await rejects(ask("ping", "", SILENCE_MS));
      await driver.resume(domain);
      strictEqual((await ask("ping"))["ok"], true);
    }));
  test("a paused domain can be killed", async () =>
    use({ name: "frozen" }, async ({ domain }) => {
      await driver.pause(domain);
    }));
  test("two domains of one name cannot run", async () =>
    use({ name: "twin" }, async () => {
      await rejects(open({ name: "twin" }), /isolation\.domain\.exists/);
    }));
  test("killing again does nothing", async () =>
    use({ name: "again" }, async ({ domain }) => {
      await driver.kill(domain);
    }));
  test("how a domain ends is told", async () =>
    use({ name: "exit" }, async ({ domain, ask }) => {
      await rejects(ask("exit", "7"));
      deepStrictEqual(await domain.exited, { code: 7, signal: null });
    }));
};

/** The isolation contract as tests (DESIGN section 4): every driver that claims to isolate passes all of them. */
export const driverSuite = <D extends SuiteDomain>(input: DriverSuiteInput<D>): void => {
  const use = useOf(input);
  seeingTests(input, use);
  reachingTests(input, use);
  boundingTests(input, use);
  livingTests(input, use);
};
