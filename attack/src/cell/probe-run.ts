import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { type Socket } from "node:net";

import { descriptorOf } from "@crossguardian/isolation";
import { CodedError } from "@crossguardian/kernel";

import { BEGIN_MARK, REPORT_MARK } from "../native/assemble.ts";

/** A hostile program under way, seen from outside. */
export type Attempt = {
  /** Process id on the host. */
  readonly pid: number;
  /** Links of `/proc/<pid>/ns` and `/proc/<pid>/fd`, and the text of `status`, before the program did anything. */
  readonly before: ProcessView;
  /** Everything it wrote on its channel. */
  readonly told: () => Buffer;
  /** Host path of what it runs. */
  readonly program: string;
  /** Host folder of its volume, and path of its key slot. */
  readonly volume: string;
  readonly keySlot: string;
  /** Host folder of its root when it has one of its own. */
  readonly root: string | null;
};

/** What the kernel tells about a process. */
export type ProcessView = {
  readonly namespaces: Readonly<Record<string, string>>;
  readonly descriptors: readonly string[];
  readonly status: string;
  readonly cgroups: string;
  /** Text of `mountinfo`. */
  readonly mounts: string;
};

const orEmpty = <T>(read: () => T, empty: T): T => {
  try {
    return read();
  } catch {
    return empty; // it is gone
  }
};

const linksIn = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(orEmpty(() => readdirSync(folder), [] as string[]).map((name) => [name, orEmpty(() => readlinkSync(`${folder}/${name}`), "")]));

/** Reads what the kernel tells about a process now; empty when it is gone. */
export const viewOf = (pid: number): ProcessView => ({
  namespaces: linksIn(`/proc/${pid}/ns`),
  descriptors: Object.values(linksIn(`/proc/${pid}/fd`)),
  status: orEmpty(() => readFileSync(`/proc/${pid}/status`, "utf8"), ""),
  cgroups: orEmpty(() => readFileSync(`/proc/${pid}/cgroup`, "utf8"), ""),
  mounts: orEmpty(() => readFileSync(`/proc/${pid}/mountinfo`, "utf8"), ""),
});

/** Text of a file of `/proc`, or an empty one. */
export const procText = (pid: number, file: string): string => orEmpty(() => readFileSync(`/proc/${pid}/${file}`, "utf8"), "");

const MAX_TOLD_BYTES = 8 * 1024 * 1024;

/** The lab's end of a channel: keeps what comes. */
export type Ear = {
  readonly told: () => Buffer;
  /** Resolves when the program has told its cells, closed the channel, or the time is over. */
  readonly reported: (deadlineMs: number) => Promise<"reported" | "ended" | "silent">;
  /** Resolves when the program said that it waits for its sign; false when it ended before, or the time is over. */
  readonly begun: (deadlineMs: number) => Promise<boolean>;
  readonly send: (byte: number) => void;
  readonly close: () => void;
};

/** Listens at the lab's end of a channel. */
export const makeEar = (socket: Socket): Ear => {
  const parts: Buffer[] = [];
  let length = 0;
  let isOver = false;
  let tail = "";
  let hasReport = false;
  let hasBegun = false;
  const changed = new Set<() => void>();
  const tellChanged = (): void => {
    for (const each of changed) each();
  };
  socket.on("data", (part: Buffer) => {
    if (length < MAX_TOLD_BYTES) parts.push(part);
    length += part.length;
    tail = (tail + part.toString("latin1")).slice(-4_096 - REPORT_MARK.length);
    hasReport ||= tail.includes(REPORT_MARK);
    hasBegun ||= tail.includes(BEGIN_MARK);
    tellChanged();
  });
  for (const end of ["end", "close", "error"]) {
    socket.on(end, () => {
      isOver = true;
      tellChanged();
    });
  }
  socket.resume(); // one that a driver made stands still
  const untilSeen = async (isThere: () => boolean, deadlineMs: number): Promise<"reported" | "ended" | "silent"> =>
    new Promise((resolve) => {
      const finish = (how: "reported" | "ended" | "silent"): void => {
        clearTimeout(timer);
        changed.delete(look);
        resolve(how);
      };
      const look = (): void => {
        if (isThere()) finish("reported");
        else if (isOver) finish("ended");
      };
      const timer = setTimeout(() => finish("silent"), deadlineMs);
      changed.add(look);
      look();
    });
  return {
    told: () => Buffer.concat(parts),
    reported: async (deadlineMs) => untilSeen(() => hasReport, deadlineMs),
    begun: async (deadlineMs) => (await untilSeen(() => hasBegun, deadlineMs)) === "reported",
    send: (byte) => {
      if (!socket.destroyed) socket.write(Uint8Array.of(byte));
    },
    close: () => socket.destroy(),
  };
};

/** The descriptor behind a channel's end. @throws attack.cell.failed */
export const needDescriptor = (socket: Socket): number => {
  const fd = descriptorOf(socket);
  if (fd === null) throw new CodedError("attack.cell.failed", { why: "a channel without a descriptor" });
  return fd;
};
