import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { type Duplex } from "node:stream";
import {
  type BootPlaces, GUEST_FILES, domuDirOf, guestDirOf, imageListing, imageOf, type Manifest, materialise, materialiseNode, nodePathOf, storedDigest, storedNodeDigest, verify,
} from "@crossguardian/boot";
import {
  fillCodeCache, INSIDE_UID, type KernelFacts, makeDrivers, makeHostGroup, openCounters, promisedMemory, readCpuClasses, readKernelFacts,
} from "@crossguardian/isolation";
import { CodedError, type Fact, type Log } from "@crossguardian/kernel";
import { openAllocations, withAllocations } from "../allocations.ts";
import { answerControl } from "../answer-control.ts";
import { decodeHouseSpec, MAX_HOUSE_FILE_BYTES } from "../decode-house-spec.ts";
import { type House, makeHouse } from "../house.ts";
import { type HousePowers } from "../house-powers.ts";
import { type HouseSpec, isHostProcess, isolationOf } from "../house-spec.ts";
import { SWITCH_IMAGE, SWITCH_NAME } from "../keep-switch.ts";
import { MANAGEMENT_LINE_FD } from "../management-lines.ts";
import { type MachineMemory, requireMemory } from "../require-memory.ts";
import { SLOTS_PER_BLOCK_COUNT, uidBaseOf } from "../uid-plan.ts";
import { makeChannelPair } from "./channel-pair.ts";
import { makeCodeStore } from "./code-store.ts";
import { type ControlServer, serveControl } from "./control-server.ts";
import { fillHostCode } from "./fill-host-code.ts";
import { startHostProcess } from "./host-process.ts";
import { closeOutput, type HouseFolders, makeHouseFolders, requireReachable } from "./house-folders.ts";
import { linkCode } from "./link-code.ts";
import { openLineSocket } from "./line-socket.ts";
import { reapHouse, writeProcesses } from "./reap-house.ts";
import { startSwitch } from "./start-switch.ts";
import { systemClock } from "./system-clock.ts";
import { returnUidBlock, takeUidBlock } from "./uid-blocks.ts";
import { useImages } from "./use-images.ts";

const EXIT_FAILED = 1;
const EXIT_BUG = 70;
const MAX_POLICY_BYTES = 256 * 1024;

type Record = HousePowers["record"];

const readBounded = (path: string, maxBytes: number): string => {
  let bytes: number;
  try {
    bytes = statSync(path).size;
  } catch (cause) {
    throw new CodedError("config.file.unreadable", { path }, { cause });
  }
  if (bytes > maxBytes) throw new CodedError("config.file.oversize", { path, bytes });
  return readFileSync(path, "utf8");
};

const readPolicy = (path: string, manifest: Manifest): string => {
  const text = readBounded(path, MAX_POLICY_BYTES);
  const digest = createHash("sha256").update(text).digest("hex");
  if (!manifest.policies.some(({ sha256 }) => sha256 === digest)) throw new CodedError("boot.policy.unmeasured", { path });
  return text;
};

const logOf = (record: Record): Log => {
  const write = (event: string, facts: Readonly<{ [name: string]: Fact }> = {}): void => record(event, facts);
  return { info: write, warn: write, alarm: write };
};

const kernelFacts = (pid: number): KernelFacts | null => {
  try {
    return readKernelFacts(pid);
  } catch {
    return null; // it ended meanwhile
  }
};

const withKey = async <T>(path: string | null, run: (fd: number | null) => Promise<T>): Promise<T> => {
  if (path === null) return run(null);
  const fd = openSync(path, "r");
  try {
    return await run(fd);
  } finally {
    closeSync(fd);
  }
};

const stream = (each: unknown): Duplex => each as Duplex; // Node makes a socket of every "pipe" in stdio

const imagesOf = (spec: HouseSpec, manifest: Manifest, root: string): HousePowers["image"] => {
  const names = new Set([SWITCH_IMAGE, ...spec.domains.map(({ image }) => image)]);
  const images = new Map(
    [...names].map((name) => [name, { path: materialise(manifest, name, root, spec.stateDir), listing: imageListing(imageOf(manifest, name)) }]),
  );
  return (name) => {
    const image = images.get(name);
    if (image === undefined) throw new CodedError("boot.image.unknown", { image: name });
    return image;
  };
};

/** Tells the other launchers what this one uses before it takes it. */
const useStore = async ({ stateDir, instance }: HouseSpec, manifest: Manifest, names: readonly string[], record: Record): Promise<void> => {
  const images = [...new Set(names)].map((name) => ({ name, digest: storedDigest(manifest, name) }));
  const removed = await useImages(stateDir, instance, [...images, { name: "node", digest: storedNodeDigest(manifest) }]);
  if (removed > 0) record("store.pruned", { folders: removed });
};

/** A machine starts only what the manifest names; absent files are the driver's to tell. */
const requireGuest = (spec: HouseSpec, places: BootPlaces, manifest: Manifest): void => {
  const folders = [["vm", guestDirOf(places)], ["xen", domuDirOf(places)]] as const;
  const used = folders.filter(([driver]) => spec.domains.some((entry) => isolationOf(spec, entry) === driver));
  const unmeasured = used.flatMap(([, folder]) => GUEST_FILES.map((file) => join(folder, file))).find((path) => existsSync(path) && !manifest.host.some((file) => file.path === path));
  if (unmeasured !== undefined) throw new CodedError("boot.guest.unmeasured", { path: unmeasured });
};

const machineMemory = ({ instance }: HouseSpec): MachineMemory => ({ physicalBytes: totalmem(), promisedBytes: promisedMemory(instance) });

const makePowers = async (spec: HouseSpec, places: BootPlaces, folders: HouseFolders, block: number, record: Record): Promise<HousePowers> => {
  const names = [SWITCH_IMAGE, ...spec.domains.map(({ image }) => image)];
  const manifest = verify(places, names);
  requireGuest(spec, places, manifest);
  record("integrity.verified", { images: Object.keys(manifest.images).length });
  await useStore(spec, manifest, names, record);
  const driverOf = makeDrivers({ runDir: spec.runDir, guestDir: guestDirOf(places), domuDir: domuDirOf(places), log: logOf(record) });
  return {
    launcherPid: process.pid,
    clock: systemClock,
    driverOf,
    folders,
    policyText: readPolicy(spec.policy, manifest),
    nodePath: materialiseNode(manifest, nodePathOf(places), spec.stateDir),
    nodeSha256: manifest.node.sha256,
    codeStore: makeCodeStore(spec.stateDir, record),
    fillJailCode: (isolation, domain, folder) => fillCodeCache(driverOf(isolation), domain, { hostPath: folder, scratch: folders.ports }),
    fillHostCode: async (process, folder) => fillHostCode(process, await makeChannelPair(join(folders.ports, `fill-${process.name}.sock`)), folder),
    hostCode: (name, cache, uid) =>
      cache === undefined ? {} : { NODE_COMPILE_CACHE: linkCode(cache.path, join(folders.code, name), uid) },
    makeGroup: (name, limits) => (spec.driver === "none" ? null : makeHostGroup(spec.instance, name, limits)),
    cpuClasses: readCpuClasses,
    machineMemory: () => machineMemory(spec),
    openCounters: (name, pid) => openCounters(spec.instance, name, pid),
    image: imagesOf(spec, manifest, places.root),
    uidBase: (slot) => uidBaseOf(block, slot < 0 ? SLOTS_PER_BLOCK_COUNT - 1 : slot),
    uidOffset: INSIDE_UID,
    makePair: makeChannelPair,
    startSwitch,
    startHostProcess: (process, outputFd, channelFd) =>
      withKey(process.keySlot, (keyFd) => {
        // Only management has a line to the launcher, and it may have a key: MANAGEMENT_LINE_FD, MANAGEMENT_KEY_FD.
        const more = process.env["CG_MANAGEMENT"] === undefined ? [] : ["pipe" as const, keyFd ?? ("ignore" as const)];
        return startHostProcess(process, ["ignore", outputFd, outputFd, channelFd, ...more]);
      }),
    openLine: ({ child }, on) => openLineSocket(stream(child.stdio[MANAGEMENT_LINE_FD]), on),
    closeFd: closeOutput,
    signal: (run, signal) => {
      try {
        if (run.signal === undefined) process.kill(run.pid, signal);
        else run.signal(signal);
      } catch {
        // it ended meanwhile
      }
    },
    kernelFacts,
    record,
  };
};

const report = (event: string, facts: Readonly<{ [name: string]: Fact }>): void => {
  process.stdout.write(`${JSON.stringify({ event, ...facts })}\n`);
};

/** Replaces what JSON does not have. */
const plain = (facts: Readonly<{ [name: string]: Fact }>): Readonly<{ [name: string]: Fact }> =>
  Object.fromEntries(Object.entries(facts).map(([key, fact]) => [key, typeof fact === "bigint" ? fact.toString() : fact]));

type Ending = { readonly requested: Promise<void>; readonly request: () => void };

const watchEnding = (lifeline: boolean): Ending => {
  const { promise: requested, resolve: request } = Promise.withResolvers<void>();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, request);
  if (lifeline) {
    process.stdin.on("end", request).on("close", request).on("error", request);
    process.stdin.resume();
  }
  return { requested, request };
};

const portOfSlot = (spec: HouseSpec, kind: string): number => spec.domains.find((entry) => entry.kind === kind)?.port ?? 0;

const runHouse = async (spec: HouseSpec, places: BootPlaces, ending: Ending): Promise<void> => {
  await reapHouse(spec.instance, spec.runDir);
  requireReachable(spec.stateDir);
  requireReachable(spec.dataDir);
  requireReachable(spec.runDir);
  const block = await takeUidBlock(spec.stateDir, spec.dataDir);
  const uidOf = (kind: string): number => uidBaseOf(block, portOfSlot(spec, kind)) + INSIDE_UID;
  const folders = makeHouseFolders(spec.runDir, spec.dataDir, { network: uidOf("network"), management: uidOf("management") });
  writeProcesses(spec.runDir, [process.pid]);
  const onHost = new Set([SWITCH_NAME, ...spec.domains.filter(isHostProcess).map(({ name }) => name)]);
  let house: House | null = null;
  let control: ControlServer | null = null;
  const record: Record = (event, facts) => {
    folders.appendEvent(JSON.stringify({ atMs: Date.now(), event, ...plain(facts) }));
    if (event !== "process.started" || house === null || !onHost.has(String(facts["name"]))) return;
    writeProcesses(spec.runDir, [process.pid, ...house.hostPids()]);
  };
  try {
    const ratio = requireMemory(withAllocations(spec, openAllocations(folders.allocations)), machineMemory(spec));
    folders.slots.open(spec.domains.flatMap(({ keySlot }) => (keySlot === null ? [] : [keySlot])));
    record("memory.promised", { overcommit: Math.round(ratio * 1_000) / 1_000 });
    const made = makeHouse(spec, await makePowers(spec, places, folders, block, record));
    house = made;
    control = await serveControl(folders.control, (line) => answerControl(made, line, ending.request));
    const isUp = await Promise.race([made.begin().then(() => true), ending.requested.then(() => false)]);
    if (isUp) report("house.ready", { house: spec.house });
    await ending.requested;
  } finally {
    await house?.stop();
    control?.close();
    await reapHouseFolders(spec, folders);
  }
};

const reapHouseFolders = async (spec: HouseSpec, folders: HouseFolders): Promise<void> => {
  // The lock names this process; without it the run directory is like that of a launcher that was killed.
  writeProcesses(spec.runDir, []);
  await reapHouse(spec.instance, spec.runDir);
  folders.remove();
  await returnUidBlock(spec.stateDir, spec.dataDir);
};

/**
 * Runs one house until it is told to stop: SIGTERM, SIGINT, `stop` at the control socket, or the end of standard input.
 * Standard output has one JSON object per line: `house.ready`, `house.stopped`; a failure is one line on standard error.
 */
export const runLauncher = async (houseFile: string, places: BootPlaces): Promise<void> => {
  process.stdout.on("error", () => undefined);
  try {
    if (process.getuid?.() !== 0) throw new CodedError("launch.user.notRoot");
    // No memory goes into a core dump, not even one that is piped to a program; whatever is started inherits it (core(5)).
    writeFileSync("/proc/self/coredump_filter", "0");
    const spec = decodeHouseSpec(readBounded(houseFile, MAX_HOUSE_FILE_BYTES));
    const ending = watchEnding(spec.lifeline);
    await runHouse(spec, places, ending);
    report("house.stopped", { house: spec.house });
    process.exit(0);
  } catch (error) {
    const isCoded = error instanceof CodedError;
    process.stderr.write(`${isCoded ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
    process.exit(isCoded ? EXIT_FAILED : EXIT_BUG);
  }
};
