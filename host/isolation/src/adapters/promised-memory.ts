import { readdirSync } from "node:fs";
import { singleNumber } from "../cgroup/counters.ts";
import { parseCgroupLayout } from "../cgroup/layout.ts";
import { CGROUP_ROOT } from "../cgroup/plan.ts";
import { isDirectory, readText } from "./files.ts";

// Without a bound v1 shows the largest multiple of a page below 2^63.
const UNBOUNDED_BYTES = 1n << 62n;

const foldersIn = (path: string): readonly string[] =>
  isDirectory(path) ? readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name) : [];

/** Memory bounds of every domain and host process of this project on the machine, of all instances but one; groups without a bound are left out. */
export const promisedMemory = (exceptInstance: string): readonly number[] => {
  const layout = parseCgroupLayout(readText("/proc/self/mountinfo") ?? "");
  const isUnified = layout.mode === "v2";
  const mount = isUnified ? layout.unified : layout.v1["memory"];
  if (mount === null || mount === undefined) return [];
  const root = `${mount}/${CGROUP_ROOT}`;
  return foldersIn(root).filter((instance) => instance !== exceptInstance).flatMap((instance) =>
    foldersIn(`${root}/${instance}`).flatMap((name) => {
      const bytes = singleNumber(readText(`${root}/${instance}/${name}/${isUnified ? "memory.max" : "memory.limit_in_bytes"}`) ?? "");
      return bytes === null || bytes > UNBOUNDED_BYTES ? [] : [Number(bytes)];
    }),
  );
};
