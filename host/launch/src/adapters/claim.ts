import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeProcesses } from "../decode-processes.ts";
import { identify, isAlive } from "./process-identity.ts";

const POLL_MS = 25;

const isHeld = (path: string): boolean => {
  try {
    const text = readFileSync(path, "utf8");
    // Empty: its holder is between making and writing it.
    return text === "" || decodeProcesses(text).some(isAlive);
  } catch {
    return false; // given back meanwhile
  }
};

const take = (path: string): boolean => {
  try {
    writeFileSync(path, JSON.stringify([identify(process.pid)]), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
};

/**
 * Does work while no other launcher does work under the same claim; a claim whose holder died is taken over.
 * @returns null when the claim was not to be had within the deadline
 */
export const withClaim = async <T>(path: string, deadlineMs: number, work: () => Promise<T>): Promise<T | null> => {
  const endMs = performance.now() + deadlineMs;
  while (!take(path)) {
    if (performance.now() > endMs) return null;
    if (isHeld(path)) await sleep(POLL_MS);
    else rmSync(path, { force: true });
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
};
