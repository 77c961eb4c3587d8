import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { CodedError } from "@crossguardian/kernel";
import { type DomainExit, type Isolation, type RunningDomain } from "../../driver.ts";
import { GUEST_CODE, signalScript, startScript, writeScript } from "../../machine/guest-scripts.ts";
import { INSIDE_UID, mountPoints } from "../../oci-config.ts";
import { exitOf } from "../oci-launch.ts";
import { isAlone, type Known } from "./machines.ts";
import { type RunningMachine } from "./running-machine.ts";

const MS_PER_SECOND = 1_000;

const isGuestDirectory = (path: string): boolean => path === "/image" || path === GUEST_CODE || path.startsWith("/volumes/");

const orderOf = ({ spec, config, program }: Known, channel: string): string =>
  startScript({
    name: spec.name,
    channel,
    config,
    mountPoints: mountPoints(config, isGuestDirectory),
    limits: spec.limits,
    uidBase: spec.uidBase,
    insideUid: INSIDE_UID,
    key: spec.keySlot === null ? null : new Uint8Array(readFileSync(spec.keySlot)),
    packedProgram: program === null ? null : new Uint8Array(gzipSync(program)),
    volume: spec.volume === null ? null : basename(spec.volume.hostPath),
    epochSeconds: Math.floor(Date.now() / MS_PER_SECOND),
  });

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
  machine.link.run(orderOf(entry, taken.channel));
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
