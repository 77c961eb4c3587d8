import { realpathSync } from "node:fs";
import { CodedError } from "@crossguardian/kernel";
import { type CgroupLayout, CONTROLLERS, parseCgroupLayout } from "../cgroup/layout.ts";
import { type ContainerRuntime } from "../container-runtime.ts";
import { type Capabilities } from "../driver.ts";
import { parseLdd } from "../parse-ldd.ts";
import { type Arch } from "../seccomp/profile.ts";
import { exists, readText } from "./files.ts";
import { runCommand } from "./run-command.ts";

type Missing = Capabilities["missing"][number];

const FOLDERS = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];
const TOOLS = [
  { name: "unshare", remedy: "Debian package util-linux" },
  { name: "nsenter", remedy: "Debian package util-linux" },
  { name: "setpriv", remedy: "Debian package util-linux" },
  { name: "mount", remedy: "Debian package mount" },
  { name: "umount", remedy: "Debian package mount" },
  { name: "sh", remedy: "Debian package dash" },
  { name: "ldd", remedy: "Debian package libc-bin" },
] as const;

/** Name of a program this driver runs. */
export type Tool = (typeof TOOLS)[number]["name"] | ContainerRuntime["program"];

/** What the driver found on the host. */
export type OciHostFacts = {
  readonly arch: Arch | null;
  readonly layout: CgroupLayout;
  readonly controllers: readonly string[];
  readonly tools: Readonly<Partial<Record<Tool, string>>>;
  readonly runtimeVersion: string | null;
  readonly missing: readonly Missing[];
};

/** Path of a program, or undefined. */
export const findTool = (name: string): string | undefined => FOLDERS.map((folder) => `${folder}/${name}`).find(exists);

const availableControllers = (layout: CgroupLayout): readonly string[] => {
  if (layout.mode !== "v2") return CONTROLLERS.filter((name) => layout.v1[name] !== undefined);
  const listed = readText(`${String(layout.unified)}/cgroup.controllers`)?.trim().split(" ") ?? [];
  return CONTROLLERS.filter((name) => listed.includes(name));
};

const archOf = (name: string): Arch | null => (name === "x64" || name === "arm64" ? name : null);

const kernelGaps = (): readonly Missing[] => {
  const namespaces = ["user", "pid", "net", "ipc", "uts", "mnt", "cgroup"].filter((name) => !exists(`/proc/self/ns/${name}`));
  const userNamespaces = readText("/proc/sys/user/max_user_namespaces")?.trim();
  return [
    ...namespaces.map((name) => ({ part: `${name} namespace`, remedy: "a kernel built with it" })),
    ...(userNamespaces === "0" ? [{ part: "user namespaces", remedy: "sysctl user.max_user_namespaces above 0" }] : []),
    ...(exists("/proc/sys/kernel/seccomp/actions_avail") ? [] : [{ part: "seccomp filters", remedy: "a kernel with CONFIG_SECCOMP_FILTER" }]),
  ];
};

/** Looks once at everything the driver depends on. */
export const readOciHost = async (runtime: ContainerRuntime): Promise<OciHostFacts> => {
  const layout = parseCgroupLayout(readText("/proc/self/mountinfo") ?? "");
  const controllers = availableControllers(layout);
  const { program, debian, needsWord } = runtime;
  const wanted = [{ name: program, remedy: `Debian package ${debian}` }, ...TOOLS];
  const tools = Object.fromEntries(wanted.flatMap(({ name }) => (findTool(name) === undefined ? [] : [[name, findTool(name)]])));
  const runtimeText = tools[program] === undefined ? null : await runCommand(tools[program], ["--version"]);
  const arch = archOf(process.arch);
  const missing: readonly Missing[] = [
    ...(process.getuid?.() === 0 ? [] : [{ part: "root", remedy: "run as root (sudo)" }]),
    ...(arch === null ? [{ part: "architecture", remedy: "an x86_64 or aarch64 machine" }] : []),
    ...wanted.filter(({ name }) => tools[name] === undefined).map(({ name, remedy }) => ({ part: name, remedy })),
    ...(runtimeText === null || needsWord === null || runtimeText.includes(needsWord) ? [] : [{ part: `${program} ${needsWord}`, remedy: `Debian package ${debian}` }]),
    ...CONTROLLERS.filter((name) => !controllers.includes(name)).map((name) => ({
      part: `cgroup controller ${name}`,
      remedy: name === "memory" ? "kernel argument cgroup_enable=memory, or mount it" : "mount the controller",
    })),
    ...kernelGaps(),
  ];
  return { arch, layout, controllers, tools, runtimeVersion: /version (\S+)/.exec(runtimeText ?? "")?.[1] ?? null, missing };
};

/** A hundred libraries are looked up; while machines boot on emulated processors that takes long. */
const LIBRARIES_DEADLINE_MS = 60_000;

/** Absolute paths of the loader and libraries of a binary, as `ldd` finds them. */
export const librariesOf = async (ldd: string, binary: string): Promise<readonly string[]> => {
  const libraries = exists(binary) ? parseLdd((await runCommand(ldd, [realpathSync(binary)], LIBRARIES_DEADLINE_MS)) ?? "not found") : null;
  if (libraries === null) throw new CodedError("isolation.node.libraries", { binary });
  return libraries;
};

/** Finds libraries and remembers them; not that they were not found. */
export const makeLibraryFinder = (): typeof librariesOf => {
  const found = new Map<string, Promise<readonly string[]>>();
  return async (ldd, binary) => {
    const pending = found.get(binary) ?? librariesOf(ldd, binary);
    found.set(binary, pending);
    pending.catch(() => found.delete(binary));
    return pending;
  };
};
