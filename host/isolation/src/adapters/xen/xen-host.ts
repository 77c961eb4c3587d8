import { existsSync } from "node:fs";
import { type Capabilities } from "../../driver.ts";
import { deniesDomuToDomu, parseXlInfo, type XenInfo } from "../../xen/parse-xl.ts";
import { exists } from "../files.ts";
import { findTool } from "../oci-host.ts";
import { runCommand } from "../run-command.ts";
import { GUEST_FILES } from "../vm/vm-host.ts";

/** What the xen driver found on the host. */
export type XenHostFacts = {
  readonly info: XenInfo | null;
  readonly deniesDomuToDomu: boolean;
  readonly tools: Readonly<Partial<Record<XenTool, string>>>;
  readonly guestDir: string;
  readonly missing: Capabilities["missing"];
};

const NEEDED = [
  { name: "xl", debian: "xen-utils-4.17" },
  { name: "vchan-socket-proxy", debian: "xen-utils-4.17" },
  { name: "xenhypfs", debian: "xen-utils-4.17" },
  { name: "setpriv", debian: "util-linux" },
  { name: "ldd", debian: "libc-bin" },
  { name: "mksquashfs", debian: "squashfs-tools" },
  { name: "mkfs.ext4", debian: "e2fsprogs" },
] as const;

type XenTool = (typeof NEEDED)[number]["name"];

const PRIVILEGED = "control_d";

const dom0Gaps = async (): Promise<Capabilities["missing"]> => {
  const capabilities = exists("/proc/xen/capabilities") ? await runCommand("cat", ["/proc/xen/capabilities"]) : null;
  return [
    ...(process.getuid?.() === 0 ? [] : [{ part: "root", remedy: "run as root (sudo)" }]),
    ...(process.arch === "x64" ? [] : [{ part: "architecture", remedy: "an x86_64 machine" }]),
    ...(capabilities?.includes(PRIVILEGED) === true
      ? []
      : [{ part: "Dom0 of a Xen hypervisor", remedy: "boot this machine with the Debian package xen-system-amd64 and mount xenfs at /proc/xen" }]),
  ];
};

/** Looks once at everything the driver depends on. @param guestDir folder of the guests' kernel and images */
export const readXenHost = async (guestDir: string): Promise<XenHostFacts> => {
  const tools = Object.fromEntries(NEEDED.flatMap(({ name }) => (findTool(name) === undefined ? [] : [[name, findTool(name)]]))) as XenHostFacts["tools"];
  const gaps = await dom0Gaps();
  const said = tools.xl === undefined || gaps.length > 0 ? null : await runCommand(tools.xl, ["info"]);
  const info = said === null ? null : parseXlInfo(said);
  const build = info === null || tools.xenhypfs === undefined ? null : await runCommand(tools.xenhypfs, ["cat", "/buildinfo/config"]);
  const files = GUEST_FILES.filter((file) => !existsSync(`${guestDir}/${file}`));
  return {
    info,
    deniesDomuToDomu: info !== null && deniesDomuToDomu(info, build),
    tools,
    guestDir,
    missing: [
      ...gaps,
      ...NEEDED.filter(({ name }) => tools[name] === undefined).map(({ name, debian }) => ({ part: name, remedy: `Debian package ${debian}` })),
      ...(gaps.length === 0 && tools.xl !== undefined && info === null ? [{ part: "answer of xl", remedy: "Debian package xen-utils-common, whose services start xenstored" }] : []),
      ...(files.length === 0
        ? []
        : [{ part: `guest files ${files.join(" ")}`, remedy: "make images ARGS=xen (Debian packages busybox-static, crun, socat, squashfs-tools, and the kernel linux-image-cloud-amd64, which is unpacked, not installed)" }]),
    ],
  };
};
