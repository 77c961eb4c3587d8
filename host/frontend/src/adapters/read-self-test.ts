import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { parseSelfTest, type ProcTexts, type SelfTest } from "../parse-self-test.ts";

const textOf = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null; // parseSelfTest says "unreadable", which no specification allows
  }
};

const openFds = (): ProcTexts["fds"] => {
  let names: string[];
  try {
    names = readdirSync("/proc/self/fd");
  } catch {
    return null;
  }
  return names.flatMap((fd) => {
    try {
      return [{ fd, target: readlinkSync(`/proc/self/fd/${fd}`) }];
    } catch {
      return []; // the descriptor readdir itself had open
    }
  });
};

/** What this process sees of its own jail (DESIGN section 4: a domain proves its jail from inside). */
export const readSelfTest = (): SelfTest =>
  parseSelfTest({
    status: textOf("/proc/self/status"),
    uidMap: textOf("/proc/self/uid_map"),
    netDev: textOf("/proc/self/net/dev"),
    fds: openFds(),
  });
