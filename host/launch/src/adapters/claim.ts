import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fstatSync, openSync, rmSync, statSync } from "node:fs";

const LOCKED_FD = 3;
const MS_PER_S = 1_000;

/**
 * The kernel's lock on an open file, which ends with its holder however that ends; Node has no call for it, flock(1) takes it on our descriptor.
 * @throws what spawning throws
 */
const lockFile = async (fd: number, waitMs: number): Promise<boolean> => {
  const seconds = Math.max(0, waitMs) / MS_PER_S;
  const locker = spawn("flock", ["--exclusive", "--timeout", seconds.toFixed(3), String(LOCKED_FD)], { stdio: ["ignore", "ignore", "ignore", fd] });
  await once(locker, "exit");
  return locker.exitCode === 0;
};

/** Whoever had the claim before removed its file: then the lock is on a file that nobody else will find. */
const isFileOf = (fd: number, path: string): boolean => statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;

/** Descriptor of the locked file, or null. */
const take = async (path: string, endMs: number): Promise<number | null> => {
  for (;;) {
    const fd = openSync(path, "a", 0o600);
    let isOurs = false;
    try {
      const isLocked = await lockFile(fd, endMs - performance.now());
      isOurs = isLocked && isFileOf(fd, path);
      if (isOurs) return fd;
      if (!isLocked) return null;
    } finally {
      if (!isOurs) closeSync(fd);
    }
  }
};

/**
 * Does work while no other launcher does work under the same claim; a claim whose holder died is free.
 * @param path file of the claim; it is there while the claim is held
 * @returns null when the claim was not to be had within the deadline
 */
export const withClaim = async <T>(path: string, deadlineMs: number, work: () => Promise<T> | T): Promise<T | null> => {
  const fd = await take(path, performance.now() + deadlineMs);
  if (fd === null) return null;
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
    closeSync(fd);
  }
};
