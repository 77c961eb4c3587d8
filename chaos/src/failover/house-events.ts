import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A line of a launcher's record; the facts follow from the event (host/launch/src/record-takeover.ts). */
export type HouseEvent = { readonly atMs: number; readonly event: string; readonly [fact: string]: unknown };

const LOOK_MS = 5;

const parsed = (line: string): readonly HouseEvent[] => {
  try {
    return [JSON.parse(line) as HouseEvent]; // written by the launcher, root only
  } catch {
    return []; // the end of a line that is being written
  }
};

/** Reads what a launcher recorded. */
export const readHouseEvents = (runDir: string): readonly HouseEvent[] => {
  const path = join(runDir, "events.jsonl");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter((line) => line !== "").flatMap(parsed) : [];
};

/** Waits for the first event that matches among those not read before; null when none comes in time. */
export const awaitHouseEvent = async (runDir: string, matches: (event: HouseEvent) => boolean, deadlineMs: number): Promise<HouseEvent | null> => {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const found = readHouseEvents(runDir).find(matches);
    if (found !== undefined) return found;
    if (performance.now() > until) return null;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};
