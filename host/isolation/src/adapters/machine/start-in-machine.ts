import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { CodedError } from "@crossguardian/kernel";
import { type DomainExit, type Isolation, type RunningDomain } from "../../driver.ts";
import { GUEST_CODE, type GuestStart, guestBirth, guestVolume, HELD_EPOCH_SECONDS, signalScript, startScript, writeScript } from "../../machine/guest-scripts.ts";
import { BIRTH_PIPE, HOLD_FILE } from "../../machine/hold-hook.ts";
import { INSIDE_UID, mountPoints, type OciConfig } from "../../oci-config.ts";
import { exitOf } from "../oci-launch.ts";
import { isAlone, type Known } from "./machines.ts";
import { type HeldDomain, type RunningMachine } from "./running-machine.ts";

const MS_PER_SECOND = 1_000;

const volumeOf = ({ spec }: Known): string | null => (spec.volume === null ? null : basename(spec.volume.hostPath));
const keyBytesOf = ({ spec }: Known): Uint8Array | null => (spec.keySlot === null ? null : new Uint8Array(readFileSync(spec.keySlot)));

/** What one start has that another has not. */
type OwnOrder = Pick<GuestStart, "config" | "key" | "packedProgram" | "epochSeconds" | "isHeld">;

const orderOf = (entry: Known, channel: string, own: OwnOrder): string => {
  const { name, limits, uidBase } = entry.spec;
  const isDirectory = (path: string): boolean => path === "/image" || path === GUEST_CODE || path === guestVolume(name) || path.startsWith("/volumes/");
  return startScript({ name, channel, mountPoints: mountPoints(own.config, isDirectory), limits, uidBase, insideUid: INSIDE_UID, volume: volumeOf(entry), ...own });
};

const liveOrder = (entry: Known): OwnOrder => ({
  config: entry.liveConfig,
  key: keyBytesOf(entry),
  packedProgram: entry.program === null ? null : new Uint8Array(gzipSync(entry.program)),
  epochSeconds: Math.floor(Date.now() / MS_PER_SECOND),
  isHeld: false,
});

/** The same domain, without what tells one start from another, and with the pipe it waits at. */
const heldConfig = ({ spec, config }: Known): OciConfig => {
  const args = config.process["args"] as readonly string[]; // as ociConfig makes it
  // Of two hooks Node asks the one it loaded last.
  const afterHooks = args.findLastIndex((word) => word.startsWith("--import=")) + 1 || 1;
  const told = new Set(Object.entries(spec.env).map(([name, value]) => `${name}=${value}`));
  return {
    ...config,
    process: { ...config.process, args: args.toSpliced(afterHooks, 0, `--import=/app/${HOLD_FILE}`), env: (config.process["env"] as readonly string[]).filter((line) => !told.has(line)) },
    mounts: [
      ...config.mounts.map((mount) => (mount.destination === "/data" ? { ...mount, source: guestVolume(spec.name) } : mount)),
      { destination: BIRTH_PIPE, type: "bind", source: guestBirth(spec.name), options: ["bind", "ro", "nosuid", "nodev", "noexec"] },
    ],
    // What is mounted on the volume's place when the guest has its secret is to be seen in the domain, and nothing goes the other way.
    linux: { ...config.linux, rootfsPropagation: "rslave" },
  };
};

/** A prepared domain as one that is started before its guest has a secret. */
export const heldOf = (entry: Known): HeldDomain => {
  const { spec } = entry;
  const config = heldConfig(entry);
  return {
    name: spec.name,
    startScript: (channel) =>
      orderOf(entry, channel, { config, key: spec.keySlot === null ? null : new Uint8Array(), packedProgram: null, epochSeconds: HELD_EPOCH_SECONDS, isHeld: true }),
    wake: () => ({ name: spec.name, key: keyBytesOf(entry), volume: volumeOf(entry), uid: spec.uidBase + INSIDE_UID, word: JSON.stringify({ env: spec.env }) }),
  };
};

/** Starts a prepared domain in a machine that runs. @throws isolation.machine.full, isolation.start.failed */
export const startInMachine = async (entry: Known, machine: RunningMachine, isolation: Isolation): Promise<RunningDomain> => {
  const { spec } = entry;
  const taken = machine.takeSlot();
  if (taken === null) throw new CodedError("isolation.machine.full", { domain: spec.name, machine: entry.machine.name });
  entry.place = { machine, slot: taken.slot };
  const socket = await machine.connect(taken.slot);
  const ended = Promise.withResolvers<DomainExit>();
  machine.link.onLine((line) => {
    if (line.type === "exited" && line.name === spec.name) ended.resolve(exitOf(line.code, null));
  });
  if (machine.held === null) machine.link.run(orderOf(entry, taken.channel, liveOrder(entry)));
  else machine.held.then((line) => ended.resolve(exitOf(line.type === "exited" ? line.code : null, null)), () => undefined);
  const exited = Promise.race([ended.promise, machine.exited.then(() => ({ code: null, signal: "SIGKILL" }))]).then((end) => {
    entry.isRunning = false;
    return end;
  });
  return {
    name: spec.name,
    instance: spec.instance,
    isolation,
    pid: machine.pid,
    startedAtMs: Date.now(),
    exited,
    end: { socket, close: () => socket.destroy() },
    signal: (signal) => {
      if (isAlone(entry) && signal === "SIGKILL") void machine.destroy().catch(() => undefined);
      else machine.link.run(signal === "SIGKILL" ? writeScript(spec.name, [["cgroup.kill", "1"]]) : signalScript(spec.name, signal.slice("SIG".length)));
    },
  };
};
