import { type ChildProcess, spawn } from "node:child_process";
import { hash } from "node:crypto";
import { chmodSync, closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { type Socket } from "node:net";
import { type Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { cgroupPath, cpuQuotaWrites, planCgroups } from "../../cgroup/plan.ts";
import { CRUN, type RuntimePaths } from "../../container-runtime.ts";
import { type DomainExit } from "../../driver.ts";
import { MACHINE_DEADLINE_MS, MACHINE_KILL_DEADLINE_MS, MACHINE_OVERHEAD_BYTES, MACHINE_SLOTS_COUNT, MACHINE_TASKS_COUNT, MAX_DOMAIN_NAME_CHARS } from "../../limits.ts";
import { type Machine, mibOf, portOfSlot, QEMU_FDS, qemuCommand, stateFdAfter, TRANSLATED_MIB_PER_CORE } from "../../machine/qemu-command.ts";
import { qemuConfig } from "../../machine/qemu-config.ts";
import { INSIDE_UID } from "../../oci-config.ts";
import { createCgroups, destroyCgroups, setFrozen, writeCgroup } from "../cgroups.ts";
import { readStats } from "../domain-stats.ts";
import { keepOutput } from "../keep-output.ts";
import { bundlePaths, forgetContainer, isolationFolder, removeBundle, writeBundle } from "../oci-bundle.ts";
import { awaitPid, exitOf, JOIN_AND_RUN } from "../oci-launch.ts";
import { type GuestLink, makeGuestLink } from "../machine/guest-link.ts";
import { makePlainImageDisk, makeVolumeDisk } from "../machine/machine-files.ts";
import { type HeldDomain, type MachineInput, type RunningMachine } from "../machine/running-machine.ts";
import { connectPaused, type HandedListener, listenFor } from "./listen-channels.ts";
import { type KeepBeside, type Keeping } from "./keep-beside.ts";
import { bearMachine, goOn, keepState, type MachineTemplate, takeState, templateOf } from "./machine-template.ts";
import { openQmp, type QmpLink } from "./qmp-link.ts";
import { setMachineMemory } from "./set-memory.ts";
import { type librariesOf } from "../oci-host.ts";
import { qemuLibraries, type VmHostFacts } from "./vm-host.ts";

const MIB_BYTES = 1024 * 1024;
/** Longest wait in ms for a guest that boots: under KVM one that does not run hangs without a word. */
const UP_DEADLINE_MS = { tcg: MACHINE_DEADLINE_MS, kvm: 15_000 } as const;

/** What a machine of QEMU's is made of. */
type VmInput = MachineInput & { /** The driver's. */ readonly keepBeside: KeepBeside; readonly runDir: string; readonly facts: VmHostFacts; /** Remembers them from one start to the next. */ readonly findLibraries: typeof librariesOf };

type Launched = { readonly child: ChildProcess; readonly exited: Promise<DomainExit>; readonly link: GuestLink; readonly qmp: QmpLink; readonly birth: Duplex };

const streamOf = (child: ChildProcess, fd: number): Duplex => (child.stdio as unknown as readonly Duplex[])[fd] as Duplex; // Node makes a socket of every "pipe"

const launch = (input: VmInput, paths: RuntimePaths, join: readonly string[], writable: readonly string[], handed: readonly number[]): Launched => {
  const { tools, layout } = input.facts.container;
  const hybrid = layout.mode === "hybrid" && layout.unified !== null ? layout.unified : "-";
  const preserved = QEMU_FDS.firstChannel - QEMU_FDS.qmp + handed.length;
  const args = [
    // crun hands it on and QEMU ends by it; a killed crun would leave QEMU running, which does not end with its channels.
    "--pdeathsig", "TERM", "--", String(tools.unshare), "--mount", "--propagation", "private", String(tools.sh), "-c", JOIN_AND_RUN, "sh",
    String(process.pid), hybrid, String(tools.mount), String(tools.umount), String(join.length), ...join, String(writable.length), ...writable, "-", "-",
    String(tools.crun), ...CRUN.run(paths, preserved),
  ];
  const child = spawn(String(tools.setpriv), args, { cwd: paths.bundle, env: {}, stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "pipe", "pipe", ...handed] });
  keepOutput([child.stdout, child.stderr, streamOf(child, QEMU_FDS.log)], input.logFd);
  const birth = streamOf(child, QEMU_FDS.birth);
  birth.on("error", () => undefined);
  return {
    child, birth,
    exited: new Promise<DomainExit>((resolve) => {
      child.once("exit", (code, signal) => resolve(exitOf(code, signal)));
      child.once("error", () => resolve({ code: 127, signal: null }));
    }),
    link: makeGuestLink(streamOf(child, QEMU_FDS.control), input.machine.name),
    qmp: openQmp(streamOf(child, QEMU_FDS.qmp), input.machine.name),
  };
};

/** A QEMU in its jail. */
type Running = Launched & { readonly pid: number; /** Its end, when its control groups are gone. */ readonly gone: Promise<DomainExit>; readonly first: Socket };

const channelOf = (slot: number): string => `OPEN:/dev/vport0p${String(portOfSlot(slot))},rdwr=1`;

/** What QEMU may use beside its guest's memory. */
const besideBytesOf = (cores: number): number => MACHINE_OVERHEAD_BYTES + cores * TRANSLATED_MIB_PER_CORE * MIB_BYTES;

const commandOf = ({ machine, facts }: VmInput, slots: number, kind: Pick<Machine, "goesOn" | "hasMemoryFile">): readonly string[] =>
  qemuCommand({ accelerator: facts.accelerator.kind, memoryBytes: machine.memoryBytes, cores: machine.cores, tscKhz: facts.tscKhz, hasDisk: machine.diskPath !== null, slots, ...kind });

/** Starts machines of QEMU's of one place: the one that is kept, and those that go on from it. */
const makeLauncher = (input: VmInput, folder: string, slots: number, template: MachineTemplate) => {
  const { runDir, instance, machine, facts, uidBase } = input;
  const { layout } = facts.container;
  const channels = `${folder}/channels`;
  const paths = bundlePaths(runDir, instance, machine.name);
  const limits = { memoryBytes: machine.memoryBytes + besideBytesOf(machine.cores), cpuQuotaPercent: machine.cpuQuotaPercent, pids: MACHINE_TASKS_COUNT, tmpfsBytes: 4_096, tmpfsInodes: 2 };
  const plan = planCgroups(layout, instance, machine.name, limits);
  let gone: Promise<unknown> = Promise.resolve();
  const destroy = async (): Promise<void> => {
    await destroyCgroups(layout, instance, machine.name, MACHINE_KILL_DEADLINE_MS);
    // What is done at its end takes control groups of this name away: not those of the next machine.
    await Promise.race([gone, sleep(MACHINE_KILL_DEADLINE_MS, undefined, { ref: false })]);
    removeBundle(paths);
    rmSync(folder, { recursive: true, force: true });
  };
  const run = async ({ goesOn, isKept }: { readonly goesOn: boolean; /** Its state is to be taken. */ readonly isKept: boolean }, memory: string | null, handedFds: readonly number[]): Promise<Running> => {
    await destroy();
    mkdirSync(channels, { recursive: true });
    chmodSync(channels, 0o700);
    const libraries = await qemuLibraries(facts, input.findLibraries);
    const command = commandOf(input, slots, { goesOn, hasMemoryFile: memory !== null });
    const config = qemuConfig(machine.name, uidBase, command, {
      qemu: String(facts.qemu), libraries, modules: facts.modules, firmware: facts.firmware, guest: facts.guestDir, image: template.image, disk: machine.diskPath,
      memory, stateSocket: isKept ? template.socket : null, kvmGid: facts.accelerator.kind === "kvm" ? facts.accelerator.gid : null,
      // An emulated machine of one domain has none in later starts either: its memory is a file then. Those that are shared start seldom and work hard.
      hasLargePages: facts.accelerator.kind === "kvm" || machine.domains > 1,
    });
    writeBundle(paths, config, JSON.stringify(config), uidBase);
    createCgroups(plan);
    forgetContainer(paths);
    const listeners: HandedListener[] = [];
    let launched: Launched;
    try {
      for (let slot = 0; slot < slots; slot += 1) listeners.push(await listenFor(`${channels}/${String(slot)}`));
      const writable = [memory, machine.diskPath].filter((path) => path !== null);
      launched = launch(input, paths, plan.join, writable, [...listeners.map(({ fd }) => fd), ...handedFds]);
    } finally {
      for (const listener of listeners) listener.release();
    }
    const end = launched.exited.then(async (exit) => {
      await destroyCgroups(layout, instance, machine.name, MACHINE_KILL_DEADLINE_MS).catch(() => undefined);
      return exit;
    });
    gone = end;
    const first = await connectPaused(`${channels}/0`);
    return { ...launched, pid: await awaitPid(paths, launched.exited), gone: end, first };
  };
  return { run, destroy, connect: async (slot: number): Promise<Socket> => connectPaused(`${channels}/${String(slot)}`) };
};

type Launcher = ReturnType<typeof makeLauncher>;

/** Boots a machine, keeps it, and ends it. @returns false where the domain to be held ended instead */
const keepMachine = async ({ machine, uidBase, facts }: VmInput, { run, destroy }: Launcher, template: MachineTemplate, held: HeldDomain | null): Promise<boolean> => {
  const owner = uidBase + INSIDE_UID;
  const taker = await takeState(template, owner);
  try {
    const { link, qmp, first } = await run({ goesOn: false, isKept: true }, held === null ? null : template.newMemory(mibOf(machine.memoryBytes) * MIB_BYTES, owner), []);
    await link.wait(({ type }) => type === "up", UP_DEADLINE_MS[facts.accelerator.kind]);
    const isKept = await keepState(machine.name, link, qmp, taker, held === null ? null : { domain: held, channel: channelOf(0) });
    first.destroy();
    return isKept;
  } finally {
    taker.close();
    await destroy();
  }
};

const HASH_CHARS = 16;

/** Name of the machine whose state is kept for another one: a domain's name, so that what is left of it is found, and no other's. */
const keptNameOf = (machine: string): string => {
  const name = `${machine}-kept`;
  return name.length <= MAX_DOMAIN_NAME_CHARS ? name : `${hash("sha256", machine).slice(0, HASH_CHARS)}-kept`;
};

/** The state for the next starts of a machine, of another one that is booted for it: nothing that belongs to the one that runs is in it. */
const keepingOf = (input: VmInput, slots: number, template: MachineTemplate): Keeping => {
  const { runDir, facts, uidBase, held } = input;
  const owner = uidBase + INSIDE_UID;
  const name = keptNameOf(input.machine.name);
  const hasDisk = input.machine.diskPath !== null;
  const machine = { ...input.machine, name, diskPath: hasDisk ? template.disk : null };
  let launcher: Launcher | null = null;
  return {
    make: async () => {
      const logFd = openSync(`/proc/self/fd/${String(input.logFd)}`, "a");
      try {
        const own = { ...input, machine, logFd };
        launcher = makeLauncher(own, `${isolationFolder(runDir)}/machines/${name}`, slots, template);
        if (hasDisk) await makeVolumeDisk(String(facts.mkfs), template.disk, owner);
        if (!template.holdsNobody() && !(await keepMachine(own, launcher, template, held))) template.holdNobody();
        if (!template.isKept()) await keepMachine(own, launcher, template, null);
        if (!template.holdsNobody() && held !== null) await template.prepareNext();
      } finally {
        rmSync(template.disk, { force: true });
        closeSync(logFd);
      }
    },
    end: async () => launcher?.destroy(),
  };
};

/** A QEMU that waits to be handed the kept state. */
const goOnFromKept = async ({ run }: Launcher, template: MachineTemplate, held: HeldDomain | null, owner: number): Promise<Running> => {
  const memory = held === null ? null : await template.takeMemory(owner);
  const stateFd = template.openState();
  return run({ goesOn: true, isKept: false }, memory, [stateFd]).finally(() => closeSync(stateFd));
};

/** Has a machine go on from a kept one, or boots it where none of its kind was kept yet. @throws isolation.start.failed, isolation.start.late, isolation.machine.silent, .monitor, .unborn */
export const startMachine = async (input: VmInput): Promise<RunningMachine> => {
  const { runDir, instance, machine, facts, uidBase } = input;
  const { layout } = facts.container;
  // The descriptor belongs to the domain that came first, which may go before the machine does.
  const logFd = openSync(`/proc/self/fd/${String(input.logFd)}`, "a");
  const own = { ...input, logFd };
  const folder = `${isolationFolder(runDir)}/machines/${machine.name}`;
  const slots = Math.min(machine.domains, MACHINE_SLOTS_COUNT);
  const owner = uidBase + INSIDE_UID;
  const wanted = input.held;
  const keptName = keptNameOf(machine.name);
  const booted = commandOf(input, slots, { goesOn: false, hasMemoryFile: true });
  const template = templateOf(runDir, machine.name, JSON.stringify([booted, facts.guestStamp, facts.qemuVersion, input.image, owner, wanted?.startScript(channelOf(0)) ?? null]));
  const launcher = makeLauncher(own, folder, slots, template);
  const group = cgroupPath(instance, machine.name);
  let closeLog: (() => void) | null = () => closeSync(logFd);
  try {
    await input.keepBeside.drop(keptName);
    await template.ensureImage(async (target) => makePlainImageDisk(String(facts.mksquashfs), input.image, target));
    if (machine.diskPath !== null) await makeVolumeDisk(String(facts.mkfs), machine.diskPath, owner);
    const goesOn = template.isKept();
    const held = goesOn && !template.holdsNobody() ? wanted : null;
    const { pid, gone, link, qmp, birth, first, child } = await (goesOn ? goOnFromKept(launcher, template, held, owner) : launcher.run({ goesOn: false, isKept: false }, null, []));
    child.once("close", closeLog);
    closeLog = null;
    const ended = held === null ? null : link.wait((line) => line.type === "exited" && line.name === held.name, Infinity);
    if (goesOn) {
      await goOn(machine.name, qmp, stateFdAfter(slots), held === null ? [] : ["channel0"], held !== null);
      await bearMachine(machine.name, link, birth, { hasDisk: machine.diskPath !== null, held: held?.wake() ?? null });
    } else {
      await link.wait(({ type }) => type === "up", UP_DEADLINE_MS[facts.accelerator.kind]);
      input.keepBeside.plan(keptName, keepingOf(own, slots, template));
    }
    const next = held === null ? Promise.resolve() : template.prepareNext().catch(() => undefined); // made when it is needed then
    const taken = new Set<number>();
    let connected: Socket | null = first;
    return {
      pid,
      exited: gone,
      link,
      held: ended,
      whole: {
        setFrozen: async (frozen) => setFrozen(layout, group, frozen),
        setQuota: async (percent) => {
          writeCgroup(cpuQuotaWrites(layout, group, percent));
          return Promise.resolve();
        },
        setMemory: async (bytes) => setMachineMemory(layout, qmp, { name: machine.name, instance, memoryBytes: machine.memoryBytes, besideBytes: besideBytesOf(machine.cores) }, bytes),
        stats: async () => Promise.resolve(readStats(layout, group)),
      },
      takeSlot: () => {
        const slot = Array.from({ length: slots }, (_, each) => each).find((each) => !taken.has(each));
        if (slot === undefined) return null;
        taken.add(slot);
        return { slot, channel: channelOf(slot) };
      },
      freeSlot: (slot) => {
        taken.delete(slot);
      },
      connect: async (slot) => {
        const socket = slot === 0 ? connected : null;
        if (slot === 0) connected = null;
        return socket ?? launcher.connect(slot);
      },
      keep: async () => input.keepBeside.now(keptName),
      destroy: async () => {
        await input.keepBeside.drop(keptName);
        await launcher.destroy();
        await next;
      },
    };
  } catch (error) {
    await launcher.destroy();
    closeLog?.();
    template.forget(); // what could not be gone on from is not tried again
    throw error;
  }
};
