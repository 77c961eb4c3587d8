import { lstatSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { type DomainSpec } from "../driver.ts";
import { MAX_VOLUME_FILES_COUNT, VOLUME_LOOK_MS } from "../limits.ts";

const SECTOR_BYTES = 512; // the unit of st_blocks, stat(2)
/** Time between two looks as a multiple of what a look took, so that a large store is no load. */
const REST_FACTOR = 20;
const FILES_PER_TURN_COUNT = 256;

const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Bytes on disk of all files below a folder; files and folders count as one sector at least. Infinity where they are too many. Links are not followed. */
export const bytesBelow = async (folder: string): Promise<number> => {
  let bytes = 0;
  let files = 0;
  const open = [folder];
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []); // gone meanwhile
    for (const entry of entries) {
      files += 1;
      if (files > MAX_VOLUME_FILES_COUNT) return Infinity;
      if (files % FILES_PER_TURN_COUNT === 0) await turn();
      const path = join(directory, entry.name);
      if (entry.isDirectory()) open.push(path);
      bytes += SECTOR_BYTES * Math.max(1, lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0);
    }
  }
  return bytes;
};

/** @throws isolation.volume.full */
export const requireRoom = async ({ name, volume }: Pick<DomainSpec, "name" | "volume">): Promise<void> => {
  if (volume?.totalBytes === undefined) return;
  const bytes = await bytesBelow(volume.hostPath);
  if (bytes > volume.totalBytes) {
    throw new CodedError("isolation.volume.full", {
      domain: name, path: volume.hostPath, bytes: Number.isFinite(bytes) ? bytes : `more than ${String(MAX_VOLUME_FILES_COUNT)} files`, most: volume.totalBytes,
      remedy: "look at what is in it, then move it away: with the domain stopped the folder may be emptied",
    });
  }
};

/** Looks at a running domain's volume again and again and calls `onFull` once when it is above its bound. Returns what ends it. */
export const watchVolume = ({ volume }: Pick<DomainSpec, "volume">, onFull: () => void): (() => void) => {
  if (volume?.totalBytes === undefined) return () => undefined;
  const { hostPath, totalBytes } = volume;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    const began = performance.now();
    const bytes = await bytesBelow(hostPath);
    if (isOver) return;
    if (bytes > totalBytes) onFull();
    else timer = setTimeout(() => void look(), Math.max(VOLUME_LOOK_MS, REST_FACTOR * (performance.now() - began))).unref();
  };
  void look();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
};
