import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, chownSync, closeSync, existsSync, ftruncateSync, mkdirSync, openSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { type Duplex } from "node:stream";
import { CodedError } from "@crossguardian/kernel";
import { planCgroups } from "../../cgroup/plan.ts";
import { CRUN } from "../../container-runtime.ts";
import { type DomainExit, type DomainMachine } from "../../driver.ts";
import { MACHINE_DEADLINE_MS, MACHINE_OVERHEAD_BYTES, MACHINE_SLOTS_COUNT, MACHINE_TASKS_COUNT, VOLUME_DISK_BYTES } from "../../limits.ts";
import { portOfSlot, qemuCommand } from "../../machine/qemu-command.ts";
import { qemuConfig } from "../../machine/qemu-config.ts";
import { INSIDE_UID } from "../../oci-config.ts";
import { createCgroups, destroyCgroups } from "../cgroups.ts";
import { keepOutput } from "../keep-output.ts";
import { bundlePaths, forgetContainer, isolationFolder, removeBundle, writeBundle } from "../oci-bundle.ts";
import { awaitPid, exitOf, JOIN_AND_RUN } from "../oci-launch.ts";
import { runCommand } from "../run-command.ts";
import { type GuestLink, makeGuestLink } from "./guest-link.ts";
import { connectPaused, type HandedListener, listenFor } from "./listen-channels.ts";
import { qemuLibraries, type VmHostFacts } from "./vm-host.ts";

/** A machine that answered. */
export type RunningMachine = {
  readonly pid: number;
  readonly exited: Promise<DomainExit>;
  readonly link: GuestLink;
  /** A free place for a domain, with the other end of its channel; null where all are taken. */
  readonly takeSlot: () => { readonly slot: number; readonly port: number } | null;
  readonly freeSlot: (slot: number) => void;
  readonly connect: (slot: number) => ReturnType<typeof connectPaused>;
  /** Ends it and removes what it left, but for its disk. */
  readonly destroy: () => Promise<void>;
};

/** What a machine is made of. */
export type MachineInput = {
  readonly runDir: string;
  readonly instance: string;
  readonly machine: DomainMachine;
  readonly image: string;
  readonly uidBase: number;
  readonly logFd: number;
  readonly facts: VmHostFacts;
};

// The same tree gives the same bytes: no times, no users, one thread, nothing compressed.
export const SQUASH_DEADLINE_MS = 120_000;
export const SQUASH_FLAGS = [
  "-all-root", "-mkfs-time", "0", "-all-time", "0", "-no-xattrs", "-noappend", "-no-progress", "-quiet", "-processors", "1", "-noI", "-noD", "-noF", "-noX",
] as const;

const squash = async ({ facts, image }: MachineInput, target: string): Promise<void> => {
  rmSync(target, { force: true });
  if ((await runCommand(String(facts.mksquashfs), [image, target, ...SQUASH_FLAGS], SQUASH_DEADLINE_MS)) === null) {
    throw new CodedError("isolation.start.failed", { what: "mksquashfs", image });
  }
};

const makeDisk = async ({ facts, machine, uidBase }: MachineInput): Promise<void> => {
  const { diskPath } = machine;
  if (diskPath === null) return;
  if (!existsSync(diskPath)) {
    mkdirSync(dirname(diskPath), { recursive: true, mode: 0o700 });
    const fd = openSync(diskPath, "wx", 0o600);
    ftruncateSync(fd, VOLUME_DISK_BYTES);
    closeSync(fd);
    if ((await runCommand(String(facts.mkfs), ["-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,nodiscard", diskPath])) === null) {
      rmSync(diskPath, { force: true });
      throw new CodedError("isolation.start.failed", { what: "mkfs.ext4", diskPath });
    }
  }
  chownSync(diskPath, uidBase + INSIDE_UID, uidBase + INSIDE_UID);
  chmodSync(diskPath, 0o600);
};

const launch = (input: MachineInput, paths: ReturnType<typeof bundlePaths>, join: readonly string[], listeners: readonly HandedListener[]): ChildProcess => {
  const { tools, layout } = input.facts.container;
  const hybrid = layout.mode === "hybrid" && layout.unified !== null ? layout.unified : "-";
  const writable = input.machine.diskPath === null ? [] : [input.machine.diskPath];
  const preserved = 3 + listeners.length;
  const { run } = CRUN;
  const args = [
    "--pdeathsig", "KILL", "--", String(tools.unshare), "--mount", "--propagation", "private", String(tools.sh), "-c", JOIN_AND_RUN, "sh",
    String(process.pid), hybrid, String(tools.mount), String(tools.umount), String(join.length), ...join, String(writable.length), ...writable, "-", "-",
    String(tools.crun), ...run(paths, preserved),
  ];
  const child = spawn(String(tools.setpriv), args, {
    cwd: paths.bundle,
    env: {},
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "pipe", ...listeners.map(({ fd }) => fd)],
  });
  keepOutput([child.stdout, child.stderr], input.logFd);
  return child;
};

const streamOf = (child: ChildProcess, fd: number): Duplex => (child.stdio as unknown as readonly Duplex[])[fd] as Duplex; // Node makes a socket of every "pipe"

/** Boots a machine in its jail and waits until its guest answers. @throws isolation.start.failed, isolation.start.late, isolation.machine.silent */
export const startMachine = async (input: MachineInput): Promise<RunningMachine> => {
  const { runDir, instance, machine, facts, uidBase } = input;
  const { layout } = facts.container;
  // The descriptor belongs to the domain that came first, which may go before the machine does.
  const logFd = openSync(`/proc/self/fd/${String(input.logFd)}`, "a");
  const folder = `${isolationFolder(runDir)}/machines/${machine.name}`;
  const image = `${folder}/image.sqfs`;
  const channels = `${folder}/channels`;
  const slots = Math.min(machine.domains, MACHINE_SLOTS_COUNT);
  const command = qemuCommand({
    accelerator: "tcg", memoryBytes: machine.memoryBytes, cores: machine.cores, tscKhz: facts.tscKhz, hasDisk: machine.diskPath !== null, slots,
  });
  const config = qemuConfig(machine.name, uidBase, command, {
    qemu: String(facts.qemu), libraries: await qemuLibraries(facts), modules: facts.modules, firmware: facts.firmware, guest: facts.guestDir, image, disk: machine.diskPath,
  });
  const paths = bundlePaths(runDir, instance, machine.name);
  const limits = { memoryBytes: machine.memoryBytes + MACHINE_OVERHEAD_BYTES, cpuQuotaPercent: machine.cpuQuotaPercent, pids: MACHINE_TASKS_COUNT, tmpfsBytes: 4_096, tmpfsInodes: 2 };
  const plan = planCgroups(layout, instance, machine.name, limits);
  const destroy = async (): Promise<void> => {
    await destroyCgroups(layout, instance, machine.name);
    removeBundle(paths);
    rmSync(folder, { recursive: true, force: true });
  };
  await destroy();
  mkdirSync(channels, { recursive: true });
  chmodSync(channels, 0o700);
  await squash(input, image);
  await makeDisk(input);
  const listeners: HandedListener[] = [];
  try {
    writeBundle(paths, config, JSON.stringify(config), uidBase);
    createCgroups(plan);
    forgetContainer(paths);
    for (let slot = 0; slot < slots; slot += 1) listeners.push(await listenFor(`${channels}/${String(slot)}`));
    const child = launch({ ...input, logFd }, paths, plan.join, listeners);
    const exited = new Promise<DomainExit>((resolve) => {
      child.once("exit", (code, signal) => resolve(exitOf(code, signal)));
      child.once("error", () => resolve({ code: 127, signal: null }));
    });
    const link = makeGuestLink(streamOf(child, 4), machine.name);
    streamOf(child, 3).on("error", () => undefined).resume();
    keepOutput([streamOf(child, 5)], logFd);
    child.once("close", () => closeSync(logFd));
    const up = link.wait(({ type }) => type === "up", MACHINE_DEADLINE_MS);
    up.catch(() => undefined);
    const pid = await awaitPid(paths, exited);
    await up;
    const taken = new Set<number>();
    return {
      pid,
      exited: exited.then(async (end) => {
        await destroyCgroups(layout, instance, machine.name).catch(() => undefined);
        return end;
      }),
      link,
      takeSlot: () => {
        const slot = Array.from({ length: slots }, (_, each) => each).find((each) => !taken.has(each));
        if (slot === undefined) return null;
        taken.add(slot);
        return { slot, port: portOfSlot(slot) };
      },
      freeSlot: (slot) => {
        taken.delete(slot);
      },
      connect: async (slot) => connectPaused(`${channels}/${String(slot)}`),
      destroy,
    };
  } catch (error) {
    await destroy();
    throw error;
  } finally {
    for (const listener of listeners) listener.release();
  }
};
