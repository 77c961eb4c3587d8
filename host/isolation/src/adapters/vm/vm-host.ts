import { existsSync, readdirSync, statSync } from "node:fs";
import { CRUN } from "../../container-runtime.ts";
import { type Capabilities } from "../../driver.ts";
import { type Accelerator } from "../../machine/qemu-command.ts";
import { findTool, type librariesOf, type OciHostFacts, readOciHost } from "../oci-host.ts";
import { readText } from "../files.ts";
import { runCommand } from "../run-command.ts";
import { readAccelerator } from "./accelerator.ts";

/** Folder of QEMU's modules on Debian; the emulated processor is one of them. */
const MODULES = "/usr/lib/x86_64-linux-gnu/qemu";
const FIRMWARE = "/usr/share/qemu";
const TCG_MODULE = "accel-tcg-x86_64.so";
const KHZ_PER_MHZ = 1_000;

/** Files of a guest, made by `make images`. */
export const GUEST_FILES = ["vmlinux", "initrd", "root.sqfs"] as const;

/** What the vm driver found on the host. */
export type VmHostFacts = {
  readonly container: OciHostFacts;
  readonly qemu: string | null;
  readonly qemuVersion: string | null;
  readonly mksquashfs: string | null;
  readonly mkfs: string | null;
  readonly modules: string;
  readonly firmware: string;
  readonly guestDir: string;
  /** Differs from one making of the guest's files to the next. */
  readonly guestStamp: string;
  readonly tscKhz: number;
  readonly accelerator: Accelerator;
  readonly missing: Capabilities["missing"];
};

const NEEDED = [
  { name: "qemu-system-x86_64", debian: "qemu-system-x86" },
  { name: "mksquashfs", debian: "squashfs-tools" },
  { name: "mkfs.ext4", debian: "e2fsprogs" },
] as const;

const tscKhzOf = (cpuInfo: string): number => Math.round(Number(/^cpu MHz\s*:\s*([\d.]+)/mu.exec(cpuInfo)?.[1] ?? 0) * KHZ_PER_MHZ);

const stampOf = (path: string): string => {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "-" : `${String(found.ino)}:${String(found.size)}:${String(found.mtimeMs)}`;
};

/** Looks once at everything the driver depends on. @param guestDir folder of the guest's kernel and images @param accelerator null: what was found out by booting */
export const readVmHost = async (guestDir: string, accelerator: Accelerator | null): Promise<VmHostFacts> => {
  const container = await readOciHost(CRUN);
  const [qemu, mksquashfs, mkfs] = NEEDED.map(({ name }) => findTool(name) ?? null);
  const tscKhz = tscKhzOf(readText("/proc/cpuinfo") ?? "");
  const version = qemu === null || qemu === undefined ? null : await runCommand(qemu, ["--version"]);
  const qemuVersion = /version (\S+)/u.exec(version ?? "")?.[1] ?? null;
  const files = GUEST_FILES.filter((file) => !existsSync(`${guestDir}/${file}`));
  return {
    container,
    qemu: qemu ?? null,
    qemuVersion,
    mksquashfs: mksquashfs ?? null,
    mkfs: mkfs ?? null,
    modules: MODULES,
    firmware: FIRMWARE,
    guestDir,
    guestStamp: GUEST_FILES.map((file) => stampOf(`${guestDir}/${file}`)).join(" "),
    tscKhz,
    accelerator: accelerator ?? readAccelerator(guestDir, qemuVersion ?? ""),
    missing: [
      ...container.missing,
      ...(container.arch === "x64" ? [] : [{ part: "architecture", remedy: "an x86_64 machine" }]),
      ...NEEDED.filter(({ name }) => findTool(name) === undefined).map(({ name, debian }) => ({ part: name, remedy: `Debian package ${debian}` })),
      ...(files.length === 0 ? [] : [{ part: `guest files ${files.join(" ")}`, remedy: "make images (Debian packages busybox-static, socat, squashfs-tools, and the kernel linux-image-cloud-amd64, which is unpacked, not installed)" }]),
      ...(tscKhz > 0 ? [] : [{ part: "rate of the time stamp counter", remedy: "cpu MHz in /proc/cpuinfo" }]),
    ],
  };
};

/** Libraries of QEMU and of the module that emulates the processor. @throws isolation.node.libraries */
export const qemuLibraries = async ({ container, qemu, modules }: VmHostFacts, find: typeof librariesOf): Promise<readonly string[]> => {
  const binaries = [String(qemu), ...readdirSync(modules).filter((name) => name === TCG_MODULE).map((name) => `${modules}/${name}`)];
  const found = await Promise.all(binaries.map(async (binary) => find(String(container.tools.ldd), binary)));
  return [...new Set(found.flat())];
};
