import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { type World } from "@crossguardian/world";

/** One line of a domain's log as management keeps it. */
export type LogEntry = { readonly atMs: number; readonly level: string; readonly event: string } & Readonly<Record<string, unknown>>;

const decodeLine = (line: string): LogEntry | null => {
  try {
    return JSON.parse(line) as LogEntry;
  } catch {
    return null; // a line that is being written
  }
};

/** Everything a domain of a world has logged; "management" for management's own log. */
export const readDomainLog = (world: World, house: string, domain: string): readonly LogEntry[] => {
  const path = join(world.terms.dataDir, house, "logs", `${domain}.jsonl`);
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8").split("\n").filter((line) => line !== "").flatMap((line) => decodeLine(line) ?? []);
};

/** Lines of a domain's log with this event. */
export const logged = (world: World, house: string, domain: string, event: string): readonly LogEntry[] =>
  readDomainLog(world, house, domain).filter((line) => line.event === event);
