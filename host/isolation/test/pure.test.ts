import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { basename, dirname } from "node:path";
import { test } from "node:test";
import { counterFiles, numberIn } from "../src/cgroup/counter-files.ts";
import { keyedCounter, parsePressure, singleNumber } from "../src/cgroup/counters.ts";
import { parseCgroupLayout } from "../src/cgroup/layout.ts";
import { cpuQuotaWrites, cpuWeightWrite, planBeside, planCgroups } from "../src/cgroup/plan.ts";
import { checkSpec } from "../src/check-spec.ts";
import { CRUN } from "../src/container-runtime.ts";
import { type DomainSpec } from "../src/driver.ts";
import { groupPathOf, residentBytes } from "../src/kernel-facts.ts";
import { measureDomain } from "../src/measure.ts";
import { ociConfig } from "../src/oci-config.ts";
import { parseLdd } from "../src/parse-ldd.ts";
import { allowedNames, seccompProfile } from "../src/seccomp/profile.ts";

const SPEC: DomainSpec = {
  name: "interaction",
  instance: "a",
  image: "/opt/image",
  nodePath: "/opt/node",
  entry: "domains/interaction/src/main.ts",
  argv: [],
  env: { CG_ROLE: "x" },
  volume: { hostPath: "/var/lib/x", bytes: 1_000 },
  keySlot: "/var/lib/key",
  limits: { memoryBytes: 128 * 1024 * 1024, cpuQuotaPercent: 50, pids: 32, tmpfsBytes: 4_096, tmpfsInodes: 16 },
  network: "none",
  uidBase: 1_000_000,
};

const LINE = (id: number, point: string, tail: string): string => `${String(id)} 1 0:1 / ${point} rw,relatime shared:1 - ${tail}`;

test("a hybrid host is told from a pure v2 host and from a v1 host", () => {
  const v1 = ["memory", "cpu,cpuacct", "pids", "freezer"].map((name, id) => LINE(id, `/sys/fs/cgroup/${name}`, `cgroup cgroup rw,${name}`));
  const hybrid = parseCgroupLayout([...v1, LINE(9, "/sys/fs/cgroup/unified", "cgroup2 cgroup2 rw")].join("\n"));
  strictEqual(hybrid.mode, "hybrid");
  strictEqual(hybrid.v1["cpu"], "/sys/fs/cgroup/cpu,cpuacct");
  strictEqual(parseCgroupLayout(v1.join("\n")).mode, "v1");
  const pure = parseCgroupLayout(LINE(1, "/sys/fs/cgroup", "cgroup2 cgroup2 rw,nsdelegate"));
  deepStrictEqual(pure, { mode: "v2", v1: {}, unified: "/sys/fs/cgroup" });
  strictEqual(parseCgroupLayout("").mode, "none");
});

test("on a pure v2 host all limits go into one leaf and every parent hands its controllers down", () => {
  const layout = parseCgroupLayout(LINE(1, "/sys/fs/cgroup", "cgroup2 cgroup2 rw"));
  const plan = planCgroups(layout, "a", "b", SPEC.limits);
  deepStrictEqual(plan.leaves, ["/sys/fs/cgroup/crossguardian/a/b"]);
  deepStrictEqual(plan.delegating, ["/sys/fs/cgroup", "/sys/fs/cgroup/crossguardian", "/sys/fs/cgroup/crossguardian/a"]);
  const written = (folder: string): Record<string, string> =>
    Object.fromEntries(plan.limits.flatMap(({ file, value }) => (dirname(file) === folder ? [[basename(file), value]] : [])));
  deepStrictEqual(written("/sys/fs/cgroup/crossguardian/a/b"), {
    "memory.max": "134217728",
    "memory.swap.max": "0",
    "memory.oom.group": "1",
    "cpu.max": "50000 100000",
    "pids.max": "33",
  });
  // A group weighs as many processes as it keeps busy: all houses together, then one house.
  deepStrictEqual(written("/sys/fs/cgroup/crossguardian"), { "cpu.weight": "1600" });
  deepStrictEqual(written("/sys/fs/cgroup/crossguardian/a"), { "cpu.weight": "800" });
  strictEqual(cpuQuotaWrites(layout, "x", null)[0]?.value, "max 100000");
});

test("what stands beside the houses has the weight of one, and no other bound", () => {
  const v2 = planBeside(parseCgroupLayout(LINE(1, "/cg", "cgroup2 cgroup2 rw")), "a");
  deepStrictEqual(v2?.leaves, ["/cg/crossguardian/a/beside"]);
  deepStrictEqual(v2?.delegating, ["/cg", "/cg/crossguardian", "/cg/crossguardian/a"]);
  deepStrictEqual(v2?.limits.map(({ file, value }) => [file, value]), [["/cg/crossguardian/cpu.weight", "1600"], ["/cg/crossguardian/a/cpu.weight", "800"]]);
  const hybrid = ["memory", "cpu", "pids"].map((name, id) => LINE(id, `/cg/${name}`, `cgroup cgroup rw,${name}`));
  const v1 = planBeside(parseCgroupLayout([...hybrid, LINE(9, "/cg/unified", "cgroup2 cgroup2 rw")].join("\n")), "a");
  deepStrictEqual(v1?.leaves, ["/cg/cpu/crossguardian/a/beside"]); // no memory or task is counted there
  strictEqual(planBeside(parseCgroupLayout(""), "a"), null);
});

test("a weight in percent is that part of a process's, and never none", () => {
  const v2 = parseCgroupLayout(LINE(1, "/cg", "cgroup2 cgroup2 rw"));
  const v1 = parseCgroupLayout(LINE(1, "/cg/cpu", "cgroup cgroup rw,cpu"));
  const written = (percent: number): readonly string[] => [v2, v1].map((layout) => cpuWeightWrite(layout, "x", percent)).map(({ file, value }) => `${basename(file)} ${value}`);
  deepStrictEqual(written(100), ["cpu.weight 100", "cpu.shares 1024"]);
  deepStrictEqual(written(10), ["cpu.weight 10", "cpu.shares 102"]);
  deepStrictEqual(written(0), ["cpu.weight 1", "cpu.shares 1"]);
});

test("every field of a specification outside its bounds is refused by name", () => {
  checkSpec(SPEC);
  const bad: readonly [string, Partial<DomainSpec>][] = [
    ["name", { name: "../x" }],
    ["name", { name: "A" }],
    ["name", { name: "a".repeat(41) }],
    ["instance", { instance: "a/b" }],
    ["image", { image: "relative" }],
    ["image", { image: "/a/../etc" }],
    ["image", { image: "/a,b" }],
    ["nodePath", { nodePath: "/a\nb" }],
    ["entry", { entry: "../../etc/passwd" }],
    ["entry", { entry: "/etc/passwd" }],
    ["argv", { argv: ["a\0b"] }],
    ["env.LD_PRELOAD", { env: { LD_PRELOAD: "/x" } }],
    ["env.NODE_OPTIONS", { env: { NODE_OPTIONS: "--inspect" } }],
    ["env.CG_KEY", { env: { CG_KEY: "/x" } }],
    ["volume.hostPath", { volume: { hostPath: "data" } }],
    ["keySlot", { keySlot: "key" }],
    ["uidBase", { uidBase: 0 }],
    ["uidBase", { uidBase: 1.5e9 * 4 }],
    ["limits.memoryBytes", { limits: { ...SPEC.limits, memoryBytes: 1 } }],
    ["limits.pids", { limits: { ...SPEC.limits, pids: Number.NaN } }],
    ["limits.cpuQuotaPercent", { limits: { ...SPEC.limits, cpuQuotaPercent: 0 } }],
    ["limits.tmpfsBytes", { limits: { ...SPEC.limits, tmpfsBytes: Number.POSITIVE_INFINITY } }],
  ];
  for (const [field, change] of bad) {
    throws(
      () => {
        checkSpec({ ...SPEC, ...change });
      },
      { message: new RegExp(`isolation\\.spec\\.invalid.*field=${field}`) },
    );
  }
});

test("a path that a shell would act on is refused", () => {
  for (const path of ["/x$(touch y)", "/x`y`", "/x; y", "/x & y", "/x | y", "/x > y", "/x\ny", "/x'y", '/x"y']) throws(() => checkSpec({ ...SPEC, image: path }), /isolation\.spec\.invalid/, path);
  checkSpec({ ...SPEC, image: "/a folder/of-mine_1.0" });
});

test("the filter allows at most 120 system calls and none that leaves the jail", () => {
  const forbidden = [
    "ptrace", "bpf", "mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "keyctl", "add_key", "request_key",
    "io_uring_setup", "io_uring_enter", "userfaultfd", "perf_event_open", "process_vm_readv", "process_vm_writev", "kexec_load",
    "init_module", "finit_module", "open_by_handle_at", "name_to_handle_at", "fsopen", "fsmount", "move_mount", "open_tree",
    "clone3", "fork", "vfork", "execveat", "kill", "tkill", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "setuid", "setgid",
    "capset", "personality", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat", "memfd_create", "shmget", "msgget",
    "semget", "mq_open", "quotactl", "acct", "swapon", "reboot", "syslog", "iopl", "ioperm", "modify_ldt", "seccomp", "landlock_create_ruleset",
  ];
  for (const arch of ["x64", "arm64"] as const) {
    for (const network of ["none", "host"] as const) {
      const names = allowedNames(arch, network);
      ok(names.length <= 120, `${arch} ${network}: ${String(names.length)}`);
      deepStrictEqual(forbidden.filter((name) => names.includes(name)), []);
    }
  }
  strictEqual(seccompProfile("arm64", "none").architectures[0], "SCMP_ARCH_AARCH64");
  ok(!allowedNames("arm64", "none").includes("arch_prctl"));
});

test("only a domain with the host's network may make a socket at all, and never a raw one or one of the file system", () => {
  const families = (network: "none" | "host"): readonly number[] =>
    seccompProfile("x64", network)
      .syscalls.filter(({ names }) => names[0] === "socket")
      .map(({ args }) => args?.[0]?.value ?? -1);
  deepStrictEqual(families("none"), []);
  deepStrictEqual(families("host"), [2, 2, 10, 10, 16]);
  for (const call of ["socketpair", "connect", "bind", "sendmsg", "recvmsg"]) ok(!allowedNames("x64", "none").includes(call), call);
  const types = seccompProfile("x64", "host").syscalls.flatMap(({ args }) => (args?.[0]?.value === 2 ? [args[1]?.valueTwo] : []));
  deepStrictEqual(types, [1, 2]);
});

test("a configuration has no capability, a read-only root and all namespaces", () => {
  const config = ociConfig(SPEC, { arch: "x64", runtime: CRUN, libraries: ["/lib/a.so"], resolverFiles: ["/etc/hosts"], sh: "/bin/sh", nsenter: "/usr/bin/nsenter" });
  const text = JSON.stringify(config);
  ok(config.root.readonly);
  ok(text.includes('"noNewPrivileges":true') && !text.includes("CAP_"));
  ok(!text.includes("/etc/hosts"), "names are resolved only where there is a network");
  const types = (config.linux["namespaces"] as readonly { type: string }[]).map(({ type }) => type);
  deepStrictEqual(types, ["user", "pid", "ipc", "uts", "mount", "cgroup", "network"]);
  const writable = config.mounts.filter(({ type, options }) => type === "bind" && !options.includes("ro"));
  deepStrictEqual(writable.map(({ destination }) => destination), ["/data"]);
  ok(text.includes("max_"), "the user namespace is closed before the program starts");
});

test("library paths are read from ldd and a missing library is not overlooked", () => {
  const text = "\tlinux-vdso.so.1 (0x00007f)\n\tlibc.so.6 => /lib/libc.so.6 (0x00007f)\n\t/lib64/ld-linux.so.2 (0x00007f)\n";
  deepStrictEqual(parseLdd(text), ["/lib/libc.so.6", "/lib64/ld-linux.so.2"]);
  strictEqual(parseLdd("\tlibx.so => not found\n"), null);
  strictEqual(parseLdd("statically linked"), null);
});

test("kernel counters are read and anything odd counts as nothing", () => {
  strictEqual(keyedCounter("nr_periods 3\nnr_throttled 30\n", "nr_throttled"), 30n);
  strictEqual(keyedCounter("nr_throttled x\n", "nr_throttled"), 0n);
  strictEqual(singleNumber("max\n"), null);
  deepStrictEqual(parsePressure("some avg10=1.50 avg60=0 total=1\nfull avg10=0.25 avg60=0 total=1\n"), { someAvg10: 1.5, fullAvg10: 0.25 });
  deepStrictEqual([residentBytes("Name:\tx\nVmRSS:\t   12 kB\n"), residentBytes("Name:\tx\n")], [12_288, null]);
  const groups = "4:memory:/x/y\n1:cpu,cpuacct:/c\n0::/u:v\n";
  deepStrictEqual([groupPathOf(groups, "memory"), groupPathOf(groups, "cpuacct"), groupPathOf(groups, ""), groupPathOf(groups, "pids")], ["/x/y", "/c", "/u:v", null]);
});

test("two pairs of configuration and listing never give the same measured text", () => {
  const joined = (configuration: string, listing: string): string => measureDomain((parts) => parts.join(""), configuration, listing);
  ok(joined("ab", "c") !== joined("a", "bc"));
});

test("counters are found where each layout of control groups keeps them", () => {
  const hybrid = parseCgroupLayout([
    LINE(1, "/cg/memory", "cgroup cgroup rw,memory"), LINE(2, "/cg/cpu", "cgroup cgroup rw,cpu"), LINE(3, "/cg/pids", "cgroup cgroup rw,pids"), LINE(4, "/cg/unified", "cgroup2 cgroup2 rw"),
  ].join("\n"));
  const v2 = parseCgroupLayout(LINE(1, "/cg", "cgroup2 cgroup2 rw"));
  const v1 = parseCgroupLayout([LINE(1, "/cg/memory", "cgroup cgroup rw,memory"), LINE(2, "/cg/cpu", "cgroup cgroup rw,cpu,cpuacct"), LINE(3, "/cg/pids", "cgroup cgroup rw,pids")].join("\n"));
  const fileOf = (layout: typeof v2, counter: string): string | undefined => counterFiles(layout, "i", "n").find((each) => each.counter === counter)?.file;
  deepStrictEqual([hybrid, v2, v1].map((layout) => fileOf(layout, "cpuUsec")), [
    "/cg/unified/crossguardian/i/n/cpu.stat", "/cg/crossguardian/i/n/cpu.stat", "/cg/cpu/crossguardian/i/n/cpuacct.usage",
  ]);
  deepStrictEqual([hybrid, v2, v1].map((layout) => fileOf(layout, "psiIoUsec")), ["/cg/unified/crossguardian/i/n/io.pressure", "/cg/crossguardian/i/n/io.pressure", undefined]);
});

test("a counter is read from behind its key, and is 0 where the text has none", () => {
  const stat = "usage_usec 1234\nuser_usec 99\nnr_throttled 7\n";
  strictEqual(numberIn(stat, "usage_usec "), 1234);
  strictEqual(numberIn(stat, "user_usec "), 99);
  strictEqual(numberIn(stat, "nr_throttled "), 7);
  strictEqual(numberIn(stat, "oom_kill "), 0);
  strictEqual(numberIn("some avg10=1.00 avg60=0.00 avg300=0.00 total=55\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n", "total="), 55);
  strictEqual(numberIn("4096\n", null), 4096);
  strictEqual(numberIn("max\n", null), 0);
  strictEqual(numberIn("", "x "), 0);
});
