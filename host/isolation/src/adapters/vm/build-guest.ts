import { hash } from "node:crypto";
import { copyFileSync, chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { type CpioEntry, encodeCpio } from "../../machine/cpio.ts";
import { AGENT_SCRIPT, DOMU_AGENT_SCRIPT, DOMU_INIT_SCRIPT, DOMU_MODULES, GUEST_MODULES, INIT_SCRIPT } from "../../machine/init-script.ts";
import { kernelOf } from "../../machine/kernel-image.ts";
import { findTool, librariesOf } from "../oci-host.ts";
import { runCommand } from "../run-command.ts";
import { SQUASH_DEADLINE_MS, SQUASH_FLAGS } from "../machine/machine-files.ts";
import { GUEST_FILES } from "./vm-host.ts";

const DIRECTORY = 0o040755;
const PROGRAM = 0o100755;
const FILE = 0o100644;

const GUEST_TOOLS = [
  { name: "busybox", debian: "busybox-static" },
  { name: "crun", debian: "crun" },
  { name: "socat", debian: "socat" },
  { name: "mksquashfs", debian: "squashfs-tools" },
  { name: "ldd", debian: "libc-bin" },
] as const;

type Tools = Readonly<Record<(typeof GUEST_TOOLS)[number]["name"], string>>;

const toolsOrThrow = (): Tools => {
  const absent = GUEST_TOOLS.filter(({ name }) => findTool(name) === undefined);
  const [first] = absent;
  if (first !== undefined) {
    const all = absent.map(({ debian }) => debian).join(" ");
    throw new CodedError("isolation.host.unsupported", { part: first.name, remedy: `Debian packages ${all}`, others: absent.length - 1 });
  }
  return Object.fromEntries(GUEST_TOOLS.map(({ name }) => [name, String(findTool(name))])) as Tools;
};

/** What differs between guests: modules and scripts, and programs beside those all have. */
export type GuestFlavour = {
  readonly modules: readonly string[];
  readonly init: string;
  readonly agent: string;
  readonly programs: readonly string[];
  /** Folder with Node's compiled code of domains, as their user inside has it; without it each start compiles. */
  readonly code?: string;
};

/** A guest of QEMU. */
export const QEMU_GUEST: GuestFlavour = { modules: GUEST_MODULES, init: INIT_SCRIPT, agent: AGENT_SCRIPT, programs: [] };

/** A DomU of Xen. @param proxy the program `vchan-socket-proxy` @param code folder with Node's compiled code of domains */
export const domuGuest = (proxy: string, code?: string): GuestFlavour => ({
  modules: DOMU_MODULES, init: DOMU_INIT_SCRIPT, agent: DOMU_AGENT_SCRIPT, programs: [proxy], ...(code === undefined ? {} : { code }),
});

const initrdOf = (kernelTree: string, busybox: string, flavour: GuestFlavour): Uint8Array => {
  const modules = readdirSync(join(kernelTree, "lib", "modules"), { recursive: true, encoding: "utf8" });
  const entries: readonly CpioEntry[] = [
    ...["bin", "dev", "proc", "root", "modules"].map((path) => ({ path, mode: DIRECTORY })),
    { path: "bin/busybox", mode: PROGRAM, bytes: readFileSync(busybox) },
    { path: "init", mode: PROGRAM, bytes: new TextEncoder().encode(flavour.init) },
    ...flavour.modules.map((name) => {
      const path = modules.find((each) => each.endsWith(`/${name}.ko`));
      if (path === undefined) throw new CodedError("isolation.guest.kernel", { absent: `${name}.ko` });
      return { path: `modules/${name}.ko`, mode: FILE, bytes: readFileSync(join(kernelTree, "lib", "modules", path)) };
    }),
  ];
  return encodeCpio(entries);
};

const kernelIn = (kernelTree: string): Uint8Array => {
  const name = readdirSync(join(kernelTree, "boot")).find((each) => each.startsWith("vmlinuz-"));
  const kernel = name === undefined ? null : kernelOf(readFileSync(join(kernelTree, "boot", name)));
  if (kernel === null) throw new CodedError("isolation.guest.kernel", { image: name ?? "absent" });
  return kernel;
};

const place = (from: string, to: string): void => {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(realpathSync(from), to);
  chmodSync(to, 0o755);
};

const stageRoot = async (stage: string, nodePath: string, { busybox, crun, socat, ldd }: Tools, { agent, programs, code }: GuestFlavour): Promise<void> => {
  for (const folder of ["bin", "code", "dev", "proc", "sys", "run", "image", "volumes", "tmp", "usr/bin"]) mkdirSync(join(stage, folder), { recursive: true });
  place(busybox, join(stage, "bin/busybox"));
  const applets = ((await runCommand(busybox, ["--list"])) ?? "").trim().split("\n");
  for (const applet of applets) if (applet !== "busybox") symlinkSync("busybox", join(stage, "bin", applet));
  const binaries = [nodePath, crun, socat, ...programs];
  const libraries = new Set((await Promise.all(binaries.map(async (binary) => librariesOf(ldd, binary)))).flat());
  for (const library of libraries) place(library, stage + library);
  place(nodePath, join(stage, "node"));
  place(crun, join(stage, "usr/bin/crun"));
  place(socat, join(stage, "usr/bin/socat"));
  for (const program of programs) place(program, join(stage, "usr/bin", basename(program)));
  if (code !== undefined) cpSync(code, join(stage, "code"), { recursive: true });
  writeFileSync(join(stage, "agent"), agent, { mode: 0o644 });
};

/**
 * Makes kernel, first file system and root image of the guests. The same inputs give the same bytes.
 * @param kernelTree unpacked Debian package of a cloud kernel
 * @returns SHA-256 in hex by file name
 * @throws isolation.host.unsupported, isolation.guest.kernel
 */
export const buildGuest = async (
  input: { readonly guestDir: string; readonly nodePath: string; readonly kernelTree: string; readonly flavour?: GuestFlavour },
): Promise<Readonly<Record<string, string>>> => {
  const { guestDir, nodePath, kernelTree, flavour = QEMU_GUEST } = input;
  const tools = toolsOrThrow();
  mkdirSync(dirname(guestDir), { recursive: true });
  const work = mkdtempSync(`${guestDir}.`);
  try {
    chmodSync(work, 0o755);
    writeFileSync(join(work, "vmlinux"), kernelIn(kernelTree));
    writeFileSync(join(work, "initrd"), initrdOf(kernelTree, tools.busybox, flavour));
    const stage = join(work, "stage");
    await stageRoot(stage, nodePath, tools, flavour);
    if ((await runCommand(tools.mksquashfs, [stage, join(work, "root.sqfs"), ...SQUASH_FLAGS], SQUASH_DEADLINE_MS)) === null) throw new CodedError("isolation.start.failed", { what: "mksquashfs" });
    rmSync(stage, { recursive: true });
    if (existsSync(guestDir)) rmSync(guestDir, { recursive: true });
    renameSync(work, guestDir);
    return Object.fromEntries(GUEST_FILES.map((file) => [file, hash("sha256", readFileSync(join(guestDir, file)))]));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};
