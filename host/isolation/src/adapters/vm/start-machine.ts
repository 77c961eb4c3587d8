import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { type Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { cgroupPath, cpuQuotaWrites, planCgroups } from "../../cgroup/plan.ts";
import { CRUN } from "../../container-runtime.ts";
import { type DomainExit } from "../../driver.ts";
import { KILL_DEADLINE_MS, MACHINE_DEADLINE_MS, MACHINE_OVERHEAD_BYTES, MACHINE_SLOTS_COUNT, MACHINE_TASKS_COUNT } from "../../limits.ts";
import { portOfSlot, qemuCommand, stateFdAfter } from "../../machine/qemu-command.ts";
import { qemuConfig } from "../../machine/qemu-config.ts";
import { INSIDE_UID } from "../../oci-config.ts";
import { createCgroups, destroyCgroups, setFrozen, writeCgroup } from "../cgroups.ts";
import { readStats } from "../domain-stats.ts";
import { keepOutput } from "../keep-output.ts";
import { bundlePaths, forgetContainer, isolationFolder, removeBundle, writeBundle } from "../oci-bundle.ts";
import { awaitPid, exitOf, JOIN_AND_RUN } from "../oci-launch.ts";
import { makeGuestLink } from "../machine/guest-link.ts";
import { makePlainImageDisk, makeVolumeDisk } from "../machine/machine-files.ts";
import { type MachineInput, type RunningMachine } from "../machine/running-machine.ts";
import { connectPaused, type HandedListener, listenFor } from "./listen-channels.ts";
import { bearMachine, goOn, keepState, takeState, templateOf } from "./machine-template.ts";
import { openQmp } from "./qmp-link.ts";
import { type librariesOf } from "../oci-host.ts";
import { qemuLibraries, type VmHostFacts } from "./vm-host.ts";

/** What a machine of QEMU's is made of. */
type VmInput = MachineInput & { readonly runDir: string; readonly facts: VmHostFacts; /** Remembers them from one start to the next. */ readonly findLibraries: typeof librariesOf };

const launch = (input: VmInput, paths: ReturnType<typeof bundlePaths>, join: readonly string[], handed: readonly number[]): ChildProcess => {
  const { tools, layout } = input.facts.container;
  const hybrid = layout.mode === "hybrid" && layout.unified !== null ? layout.unified : "-";
  const writable = input.machine.diskPath === null ? [] : [input.machine.diskPath];
  const preserved = 3 + handed.length;
  const { run } = CRUN;
  const args = [
    "--pdeathsig", "KILL", "--", String(tools.unshare), "--mount", "--propagation", "private", String(tools.sh), "-c", JOIN_AND_RUN, "sh",
    String(process.pid), hybrid, String(tools.mount), String(tools.umount), String(join.length), ...join, String(writable.length), ...writable, "-", "-",
    String(tools.crun), ...run(paths, preserved),
  ];
  const child = spawn(String(tools.setpriv), args, {
    cwd: paths.bundle,
    env: {},
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "pipe", ...handed],
  });
  keepOutput([child.stdout, child.stderr], input.logFd);
  return child;
};

const streamOf = (child: ChildProcess, fd: number): Duplex => (child.stdio as unknown as readonly Duplex[])[fd] as Duplex; // Node makes a socket of every "pipe"

/** Boots a machine in its jail and waits until its guest answers. @throws isolation.start.failed, isolation.start.late, isolation.machine.silent */
export const startMachine = async (input: VmInput): Promise<RunningMachine> => {
  const { runDir, instance, machine, facts, uidBase } = input;
  const { layout } = facts.container;
  // The descriptor belongs to the domain that came first, which may go before the machine does.
  const logFd = openSync(`/proc/self/fd/${String(input.logFd)}`, "a");
  const folder = `${isolationFolder(runDir)}/machines/${machine.name}`;
  const channels = `${folder}/channels`;
  const slots = Math.min(machine.domains, MACHINE_SLOTS_COUNT);
  const shape = { accelerator: "tcg", memoryBytes: machine.memoryBytes, cores: machine.cores, tscKhz: facts.tscKhz, hasDisk: machine.diskPath !== null, slots } as const;
  const template = templateOf(runDir, machine.name, JSON.stringify([shape, facts.guestDir, facts.qemuVersion, input.image]));
  const owner = uidBase + INSIDE_UID;
  const libraries = await qemuLibraries(facts, input.findLibraries);
  const paths = bundlePaths(runDir, instance, machine.name);
  const limits = { memoryBytes: machine.memoryBytes + MACHINE_OVERHEAD_BYTES, cpuQuotaPercent: machine.cpuQuotaPercent, pids: MACHINE_TASKS_COUNT, tmpfsBytes: 4_096, tmpfsInodes: 2 };
  const group = cgroupPath(instance, machine.name);
  const plan = planCgroups(layout, instance, machine.name, limits);
  let isGone: Promise<unknown> = Promise.resolve();
  const destroy = async (): Promise<void> => {
    await destroyCgroups(layout, instance, machine.name);
    // What is done at its end takes control groups of this name away: not those of the next machine.
    await Promise.race([isGone, sleep(KILL_DEADLINE_MS, undefined, { ref: false })]);
    removeBundle(paths);
    rmSync(folder, { recursive: true, force: true });
  };
  await destroy();
  mkdirSync(channels, { recursive: true });
  chmodSync(channels, 0o700);
  await template.ensureImage(async (target) => makePlainImageDisk(String(facts.mksquashfs), input.image, target));
  if (machine.diskPath !== null) await makeVolumeDisk(String(facts.mkfs), machine.diskPath, owner);
  const listeners: HandedListener[] = [];
  const stateFd = template.openState();
  const taker = stateFd === null ? await takeState(template, owner) : null;
  try {
    const config = qemuConfig(machine.name, uidBase, qemuCommand({ ...shape, stateFd: stateFd === null ? null : stateFdAfter(slots) }), {
      qemu: String(facts.qemu), libraries, modules: facts.modules, firmware: facts.firmware, guest: facts.guestDir, image: template.image, disk: machine.diskPath,
      stateSocket: taker === null ? null : template.socket,
    });
    writeBundle(paths, config, JSON.stringify(config), uidBase);
    createCgroups(plan);
    forgetContainer(paths);
    for (let slot = 0; slot < slots; slot += 1) listeners.push(await listenFor(`${channels}/${String(slot)}`));
    const child = launch({ ...input, logFd }, paths, plan.join, [...listeners.map(({ fd }) => fd), ...(stateFd === null ? [] : [stateFd])]);
    const exited = new Promise<DomainExit>((resolve) => {
      child.once("exit", (code, signal) => resolve(exitOf(code, signal)));
      child.once("error", () => resolve({ code: 127, signal: null }));
    });
    const gone = exited.then(async (end) => {
      await destroyCgroups(layout, instance, machine.name).catch(() => undefined);
      return end;
    });
    isGone = gone;
    const link = makeGuestLink(streamOf(child, 4), machine.name);
    const qmp = openQmp(streamOf(child, 3), machine.name);
    keepOutput([streamOf(child, 5)], logFd);
    child.once("close", () => closeSync(logFd));
    const up = taker === null ? null : link.wait(({ type }) => type === "up", MACHINE_DEADLINE_MS);
    up?.catch(() => undefined);
    const pid = await awaitPid(paths, exited);
    if (taker === null) await goOn(machine.name, qmp);
    else {
      await up;
      await keepState(machine.name, link, qmp, taker);
    }
    await bearMachine(machine.name, link);
    const taken = new Set<number>();
    return {
      pid,
      exited: gone,
      link,
      whole: {
        setFrozen: async (frozen) => setFrozen(layout, group, frozen),
        setQuota: async (percent) => {
          writeCgroup(cpuQuotaWrites(layout, group, percent));
          return Promise.resolve();
        },
        setMemory: null,
        stats: async () => Promise.resolve(readStats(layout, group)),
      },
      takeSlot: () => {
        const slot = Array.from({ length: slots }, (_, each) => each).find((each) => !taken.has(each));
        if (slot === undefined) return null;
        taken.add(slot);
        return { slot, channel: `OPEN:/dev/vport0p${String(portOfSlot(slot))},rdwr=1` };
      },
      freeSlot: (slot) => {
        taken.delete(slot);
      },
      connect: async (slot) => connectPaused(`${channels}/${String(slot)}`),
      destroy,
    };
  } catch (error) {
    await destroy();
    template.forget(); // what could not be gone on from is not tried again
    throw error;
  } finally {
    taker?.close();
    if (stateFd !== null) closeSync(stateFd);
    for (const listener of listeners) listener.release();
  }
};
