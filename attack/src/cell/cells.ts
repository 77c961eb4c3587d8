import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type DomainLimits, type DomainSpec, type IsolationDriver, reap } from "@crossguardian/isolation";
import { CodedError } from "@crossguardian/kernel";

import { makeChannel } from "./channel.ts";
import { isOpaque, type LabDriver, openLabDrivers } from "./lab-drivers.ts";
import { type JailLayer } from "./layers.ts";
import { type Attempt, type Ear, makeEar, needDescriptor, procText, viewOf } from "./probe-run.ts";

/** What a program may be placed as. */
export type Place = {
  readonly name: string;
  readonly limits: DomainLimits;
  readonly volume: boolean;
  readonly network: "none" | "host";
  /** How it is kept apart; as the run asks for where it is left out. */
  readonly isolation?: LabDriver;
  /** Output of the program is kept here; null: nowhere. */
  readonly log?: string | null;
};

/** A program that was started and waits for its sign to begin. */
export type Cell = Attempt & {
  readonly ear: Ear;
  /** What `pids.max` and the others see; null for a control. */
  readonly domain: { readonly name: string; readonly driver: IsolationDriver } | null;
  readonly exited: Promise<unknown>;
  /** Ends it as a launcher ends a domain. */
  readonly stop: () => Promise<void>;
  /** Removes what it was given. */
  readonly clear: () => void;
  readonly end: () => Promise<void>;
};

type Started = Omit<Cell, "clear" | "end">;

/** Starts hostile programs, in a jail or beside it. */
export type Cells = {
  /** @param without layers that are left away; `all`: beside any jail, as root. @param ground what it gets, laid anew; of its own when it is left out */
  readonly start: (elf: Uint8Array, place: Place, without: ReadonlySet<JailLayer> | "all", ground?: Ground) => Promise<Cell>;
  readonly folder: string;
  readonly driver: LabDriver;
  readonly close: () => Promise<void>;
};

const UID_BASE = 0x6800_0000;
const UIDS = 65_536;
const PLACES = 256;
/** What every cell has in its key slot. */
export const SLOT_TEXT = "k".repeat(32);
const READABLE = 0o644;
const RUNNABLE = 0o755;
/** A shell, a runtime and a bridge are started before it, on an emulated processor. */
const BEGIN_DEADLINE_MS = 60_000;
const CONTROL_ENVIRONMENT = "CG_LAB_SECRET";

/** The bounds that are in force without the layer of control groups: none that a probe could reach. */
const UNBOUNDED: Partial<DomainLimits> = { memoryBytes: 16 * 1024 ** 3, cpuQuotaPercent: null, pids: 4_096 };

/** Things that lie at the same place for every cell of a name: an image, a volume, a key. */
export type Ground = { readonly own: string; readonly image: string; readonly program: string; readonly volume: string; readonly keySlot: string };

/** Where they lie. */
export const groundAt = (folder: string, name: string): Ground => {
  const own = join(folder, name);
  return { own, image: join(own, "image"), program: join(own, "program"), volume: join(own, "volume"), keySlot: join(own, "key") };
};

const layGround = (ground: Ground, elf: Uint8Array): void => {
  const { own } = ground;
  rmSync(own, { recursive: true, force: true });
  mkdirSync(ground.image, { recursive: true, mode: RUNNABLE });
  mkdirSync(ground.volume, { recursive: true, mode: 0o700 });
  writeFileSync(ground.program, elf);
  chmodSync(ground.program, RUNNABLE);
  for (const path of [own, ground.image]) chmodSync(path, RUNNABLE);
  writeFileSync(join(ground.image, "code.ts"), "// what the domain was measured with\n", { mode: READABLE });
  writeFileSync(ground.keySlot, Buffer.from(SLOT_TEXT), { mode: 0o600 });
};

/** Under such a driver a domain that was started may be long in coming. @throws attack.cell.failed */
const requireBegun = async (ear: Ear, name: string): Promise<void> => {
  if (!(await ear.begun(BEGIN_DEADLINE_MS))) throw new CodedError("attack.cell.failed", { why: "the program did not begin", name });
};

const startControl = async (ground: Ground, folder: string, secret: string): Promise<Started> => {
  const { ours, theirs } = await makeChannel(folder);
  const ear = makeEar(ours);
  const child = spawn(ground.program, [], { cwd: "/", env: { [CONTROL_ENVIRONMENT]: secret }, stdio: ["ignore", "ignore", "ignore", needDescriptor(theirs)] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  await once(child, "spawn");
  theirs.destroy();
  const pid = Number(child.pid);
  return {
    pid,
    before: viewOf(pid),
    told: ear.told,
    ear,
    program: ground.program,
    volume: ground.volume,
    keySlot: ground.keySlot,
    root: null,
    domain: null,
    exited,
    stop: async () => {
      child.kill("SIGKILL");
      await exited;
      ear.close();
    },
  };
};

/** Makes the place where cells are started. @param secret what a careless launcher would hand to a domain in its environment */
export const openCells = (folder: string, instance: string, secret: string, labDriver: LabDriver = "oci"): Cells => {
  let started = 0;
  const runDir = join(folder, "run");
  mkdirSync(runDir, { recursive: true, mode: RUNNABLE });
  const nothing = openSync("/dev/null", "w");
  const drivers = openLabDrivers(folder, runDir);

  const startJailed = async (ground: Ground, place: Place, name: string, without: ReadonlySet<JailLayer>): Promise<Started> => {
    const isolation = place.isolation ?? labDriver;
    const slot = started % PLACES;
    const wanted: DomainSpec = {
      name,
      instance,
      image: ground.image,
      nodePath: process.execPath,
      entry: "code.ts",
      argv: [],
      env: { CG_NAME: place.name },
      volume: place.volume ? { hostPath: ground.volume } : null,
      keySlot: ground.keySlot,
      limits: without.has("cgroup") ? { ...place.limits, ...UNBOUNDED } : place.limits,
      network: place.network,
      uidBase: UID_BASE + slot * UIDS,
    };
    const { driver, spec } = drivers.plan(isolation, wanted, ground.program, without);
    const prepared = await driver.prepare(spec);
    const { ours, theirs } = await makeChannel(folder);
    let ear = makeEar(ours);
    const logFd = place.log === undefined || place.log === null ? nothing : openSync(place.log, "a");
    try {
      const domain = await driver.start(prepared, { fd: needDescriptor(theirs) }, { logFd });
      theirs.destroy();
      if (domain.end !== undefined) {
        ours.destroy();
        ear = makeEar(domain.end.socket);
      }
      if (isOpaque(isolation)) await requireBegun(ear, name);
      // As a launcher does with a domain that was admitted: before that nothing from outside reaches it.
      if (!without.has("mount")) await driver.seal(domain);
      return {
        pid: domain.pid,
        before: viewOf(domain.pid),
        told: ear.told,
        ear,
        program: ground.program,
        volume: ground.volume,
        keySlot: ground.keySlot,
        root: `/proc/${domain.pid}/root`,
        domain: { name, driver },
        exited: domain.exited,
        stop: async () => {
          await driver.kill(domain);
          ear.close();
          if (logFd !== nothing) closeSync(logFd);
        },
      };
    } catch (error) {
      theirs.destroy();
      ear.close();
      await driver.kill(prepared);
      throw error;
    }
  };

  return {
    folder,
    driver: labDriver,
    start: async (elf, place, without, given) => {
      started += 1;
      const name = `${place.name}-${started}`;
      const ground = given ?? groundAt(folder, name);
      layGround(ground, elf);
      const cell = without === "all" ? await startControl(ground, folder, secret) : await startJailed(ground, place, name, without);
      if (procText(cell.pid, "status") === "") throw new CodedError("attack.cell.failed", { why: "the program ended before its sign", name });
      const clear = (): void => rmSync(ground.own, { recursive: true, force: true });
      return {
        ...cell,
        clear,
        end: async () => {
          await cell.stop();
          clear();
        },
      };
    },
    close: async () => {
      await reap(instance, runDir);
      closeSync(nothing);
    },
  };
};
