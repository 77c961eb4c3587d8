import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

/** A line of a launcher's record; the facts follow from the event (host/launch/src/record-takeover.ts). */
export type HouseEvent = { readonly atMs: number; readonly event: string; readonly [fact: string]: unknown };

/** Times are the launcher's and the switch's own, so looking more often would only take cpu from what is measured. */
const LOOK_MS = 20;

const parsed = (line: string): readonly HouseEvent[] => {
  try {
    return [JSON.parse(line) as HouseEvent]; // written by the launcher, root only
  } catch {
    return []; // the end of a line that is being written
  }
};

const readFrom = (path: string, from: number): string => {
  if (!existsSync(path)) return "";
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const start = size < from ? 0 : from; // begun anew meanwhile
    const bytes = Buffer.alloc(size - start);
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, start));
  } finally {
    closeSync(file);
  }
};

/** What a launcher records from now on: waits for the first event that matches; null when none comes in time. */
export const watchHouseEvents = (runDir: string): ((matches: (event: HouseEvent) => boolean, deadlineMs: number) => Promise<HouseEvent | null>) => {
  const path = join(runDir, "events.jsonl");
  const from = existsSync(path) ? statSync(path).size : 0;
  return async (matches, deadlineMs) => {
    const until = performance.now() + deadlineMs;
    for (;;) {
      const found = readFrom(path, from).split("\n").filter((line) => line !== "").flatMap(parsed).find(matches);
      if (found !== undefined) return found;
      if (performance.now() > until) return null;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  };
};
