import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { type Socket } from "node:net";
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { CodedError } from "@crossguardian/kernel";
import { type DomainExit } from "../../driver.ts";
import { MACHINE_DEADLINE_MS, MACHINE_SLOTS_COUNT } from "../../limits.ts";
import { domuChannel, domuChannelPath } from "../../machine/init-script.ts";
import { INSIDE_UID } from "../../oci-config.ts";
import { domuConfig, type DomuDisk, domuName } from "../../xen/domu-config.ts";
import { keepOutput } from "../keep-output.ts";
import { type InTurn } from "../machine/in-turn.ts";
import { makeGuestLink } from "../machine/guest-link.ts";
import { makeImageDisk, makeVolumeDisk } from "../machine/machine-files.ts";
import { type MachineInput, type RunningMachine } from "../machine/running-machine.ts";
import { isolationFolder } from "../oci-bundle.ts";
import { exitOf } from "../oci-launch.ts";
import { connectPaused } from "../vm/listen-channels.ts";
import { makeXl, type Xl } from "./xl.ts";
import { type XenHostFacts } from "./xen-host.ts";

/** What a DomU is made of. */
type DomuInput = MachineInput & { readonly runDir: string; readonly facts: XenHostFacts; readonly type: "pvh" | "pv"; readonly inTurn: InTurn };

const LISTEN_DEADLINE_MS = 60_000;
const MAX_SAID_CHARS = 4_096;
const MIB_BYTES = 1024 * 1024;
const USEC_PER_MS = 1_000n;
const ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

/** A carrier ends with the launcher: the guest then meets the end of its control channel and ends itself. */
const carrier = (facts: XenHostFacts, domu: number, channel: string, to: string): ChildProcess =>
  spawn(
    String(facts.tools.setpriv),
    ["--pdeathsig", "KILL", "--", String(facts.tools["vchan-socket-proxy"]), "-m", "client", String(domu), `/local/domain/${String(domu)}/${domuChannelPath(channel)}`, to],
    { env: ENVIRONMENT, stdio: to === "-" ? ["pipe", "pipe", "ignore"] : "ignore" },
  );

const CONNECT_PAUSE_MS = 4;

/** Connects to where a carrier is about to listen: it has no name at first, and then one for a moment before it takes connections. @throws isolation.start.failed */
const connectWhenHeard = async (path: string): Promise<Socket> => {
  const endMs = performance.now() + LISTEN_DEADLINE_MS;
  for (;;) {
    try {
      return await connectPaused(path);
    } catch (cause) {
      if (performance.now() > endMs) throw new CodedError("isolation.start.failed", { what: "vchan-socket-proxy" }, { cause });
    }
    await sleep(CONNECT_PAUSE_MS);
  }
};

const streamOf = ({ stdin, stdout }: ChildProcess): Duplex => {
  if (stdin === null || stdout === null) throw new CodedError("isolation.start.failed", { what: "vchan-socket-proxy" });
  stdin.on("error", () => undefined);
  return Duplex.from({ readable: stdout, writable: stdin });
};

const disksOf = async ({ facts, machine, image, uidBase }: DomuInput, folder: string): Promise<readonly DomuDisk[]> => {
  const disk = `${folder}/image.sqfs`;
  await makeImageDisk(String(facts.tools.mksquashfs), image, disk);
  if (machine.diskPath !== null) await makeVolumeDisk(String(facts.tools["mkfs.ext4"]), machine.diskPath, uidBase + INSIDE_UID);
  return [
    { file: `${facts.guestDir}/root.sqfs`, device: "xvda", isReadOnly: true },
    { file: disk, device: "xvdb", isReadOnly: true },
    ...(machine.diskPath === null ? [] : [{ file: machine.diskPath, device: "xvdc" as const, isReadOnly: false }]),
  ];
};

// `xl create -F` says so on its standard error when the DomU is there and runs.
const CREATED = /\(domid (\d+)\)/u;

/** The number Xen gave the DomU. To ask for it again and again would take the processor from what makes it. */
const awaitId = async (name: string, { stderr }: ChildProcess, ended: Promise<DomainExit>): Promise<number> =>
  new Promise((resolve, reject) => {
    let said = "";
    const stop = (): void => {
      clearTimeout(late);
      stderr?.off("data", hear);
    };
    const fail = (code: "isolation.start.failed" | "isolation.start.late"): void => {
      stop();
      reject(new CodedError(code, { what: "xl create", domu: name }));
    };
    const hear = (bytes: Uint8Array): void => {
      said = `${said}${Buffer.from(bytes).toString("latin1")}`.slice(-MAX_SAID_CHARS);
      const id = CREATED.exec(said)?.[1];
      if (id === undefined) return;
      stop();
      resolve(Number(id));
    };
    const late = setTimeout(() => fail("isolation.start.late"), MACHINE_DEADLINE_MS);
    stderr?.on("data", hear);
    void ended.then(() => fail("isolation.start.failed"));
  });

const wholeOf = (xl: Xl, name: string): RunningMachine["whole"] => ({
  setFrozen: async (frozen) => xl.setPaused(name, frozen),
  setQuota: async (percent) => xl.setCap(name, percent),
  setMemory: async (bytes) => xl.setMemory(name, bytes),
  stats: async () => {
    const found = await xl.find(name);
    if (found === null) throw new CodedError("isolation.domain.unknown", { domain: name });
    return { memoryBytes: found.memoryMib * MIB_BYTES, fileCacheBytes: 0, memoryPeakBytes: null, cpuUsec: found.cpuMs * USEC_PER_MS, pids: 0, throttled: 0n, oomKills: 0n, psi: null };
  },
});

/** Creates a DomU and waits until its guest answers. @throws isolation.start.failed, isolation.start.late, isolation.machine.silent, isolation.xen.refused */
export const startDomu = async (input: DomuInput): Promise<RunningMachine> => {
  const { runDir, instance, machine, facts, type } = input;
  // The descriptor belongs to the domain that came first, which may go before the machine does.
  const logFd = openSync(`/proc/self/fd/${String(input.logFd)}`, "a");
  const folder = `${isolationFolder(runDir)}/machines/${machine.name}`;
  const name = domuName(instance, machine.name);
  const xl = makeXl(String(facts.tools.xl), facts.info?.scheduler ?? "");
  const carriers = new Map<string, ChildProcess>();
  const destroy = async (): Promise<void> => {
    for (const child of carriers.values()) child.kill("SIGKILL");
    carriers.clear();
    await xl.destroy(name);
    rmSync(folder, { recursive: true, force: true });
  };
  const create = async (): Promise<{ readonly created: ChildProcess; readonly exited: Promise<DomainExit>; readonly id: number }> => {
    const config = `${folder}/xl.cfg`;
    const disks = await disksOf(input, folder);
    writeFileSync(config, domuConfig({
      name, type, kernel: `${facts.guestDir}/vmlinux`, initrd: `${facts.guestDir}/initrd`, memoryBytes: machine.memoryBytes, cores: machine.cores, cpuQuotaPercent: machine.cpuQuotaPercent, disks,
    }), { mode: 0o600 });
    // In the foreground it stays until the DomU is gone, and removes what is left of it then.
    const created = spawn(String(facts.tools.xl), ["create", "-F", config], { env: ENVIRONMENT, stdio: ["ignore", "pipe", "pipe"] });
    keepOutput([created.stdout, created.stderr], logFd);
    const exited = new Promise<DomainExit>((resolve) => {
      created.once("exit", (code, signal) => resolve(exitOf(code, signal)));
      created.once("error", () => resolve({ code: 127, signal: null }));
    });
    created.once("close", () => closeSync(logFd));
    return { created, exited, id: await awaitId(name, created, exited) };
  };
  await destroy();
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  try {
    const { created, exited, id } = await input.inTurn(create);
    const carry = (channel: string, to: string): ChildProcess => {
      const child = carrier(facts, id, channel, to);
      child.on("error", () => undefined);
      carriers.set(channel, child);
      return child;
    };
    const output = carry("output", "-");
    if (output.stdout !== null) keepOutput([output.stdout], logFd);
    const link = makeGuestLink(streamOf(carry("control", "-")), machine.name);
    await link.wait((line) => line.type === "up", MACHINE_DEADLINE_MS);
    const slots = Math.min(machine.domains, MACHINE_SLOTS_COUNT);
    const taken = new Map<number, string>();
    let starts = 0;
    return {
      pid: Number(created.pid),
      exited: exited.then((end) => {
        for (const child of carriers.values()) child.kill("SIGKILL");
        return end;
      }),
      link,
      held: null,
      whole: wholeOf(xl, name),
      takeSlot: () => {
        const slot = Array.from({ length: slots }, (_, each) => each).find((each) => !taken.has(each));
        if (slot === undefined) return null;
        starts += 1;
        // Never the same name twice: what an ended domain left in xenstore is not met again.
        taken.set(slot, `domain-${String(starts)}`);
        return { slot, channel: domuChannel(`domain-${String(starts)}`) };
      },
      freeSlot: (slot) => {
        const channel = taken.get(slot) ?? "";
        carriers.get(channel)?.kill("SIGKILL");
        carriers.delete(channel);
        taken.delete(slot);
      },
      connect: async (slot): Promise<Socket> => {
        const path = `${folder}/${String(taken.get(slot))}`;
        carry(String(taken.get(slot)), path);
        return connectWhenHeard(path);
      },
      keep: null,
      destroy,
    };
  } catch (error) {
    await destroy();
    throw error;
  }
};
