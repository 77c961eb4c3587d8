import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";

import { type Cell } from "../cell/cells.ts";
import { procText, viewOf } from "../cell/probe-run.ts";
import { type Canary } from "../probe.ts";
import { type Listener } from "./targets.ts";

/** The secret came out on the program's channel. @param secret its bytes, one per character */
export const secretTold = (secret: string): Canary => ({ tripped: ({ told }) => told().includes(Buffer.from(secret, "latin1")) });

/** Somebody outside heard the word. */
export const wordHeard = (listener: Pick<Listener, "heard" | "forget" | "caughtUp">, word: string): Canary => ({
  arm: listener.forget,
  tripped: async () => {
    await listener.caughtUp();
    return listener.heard().includes(word);
  },
});

const contentOf = (path: string): string => {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "(none)";
  }
};

/** A file of the host is not what it was. @param content what it is made to be before; without one it is as it is */
export const fileChanged = (path: string, content?: string): Canary => {
  let before = "";
  return {
    arm: () => {
      if (content !== undefined) writeFileSync(path, content);
      before = contentOf(path);
    },
    tripped: () => contentOf(path) !== before,
    reset: () => {
      if (contentOf(path) !== before) writeFileSync(path, before, "latin1");
    },
  };
};

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** Removes paths of the host before and after. */
export const clearing = (paths: readonly string[]): { readonly arm: () => void; readonly reset: () => void } => {
  const clear = (): void => {
    for (const path of paths) rmSync(path, { recursive: true, force: true });
  };
  return { arm: clear, reset: clear };
};

/** A path exists on the host that did not. */
export const pathAppears = (paths: readonly string[]): Canary => ({ ...clearing(paths), tripped: () => paths.some(isThere) });

/** Outside sees a node of that kind at a path of the program's own tree or of the host. */
export const nodeAppears = (kind: "isSymbolicLink" | "isBlockDevice" | "isCharacterDevice" | "isFIFO", paths: (cell: Cell) => readonly string[]): Canary => ({
  tripped: (cell) =>
    paths(cell).some((path) => {
      try {
        return lstatSync(path)[kind]();
      } catch {
        return false;
      }
    }),
});

/** The program holds a descriptor of that kind. */
export const holdsDescriptor = (pattern: RegExp): Canary => ({
  tripped: ({ pid, before }) => viewOf(pid).descriptors.filter((link) => pattern.test(link)).length > before.descriptors.filter((link) => pattern.test(link)).length,
});

/** The program is in another namespace than it was put in. */
export const namespaceChanged = (name: string): Canary => ({
  tripped: ({ pid, before }) => {
    const { namespaces } = viewOf(pid);
    // One of processes that are yet to come has no name until the first of them is there.
    return (namespaces["pid"] ?? "") !== "" && namespaces[name] !== before.namespaces[name];
  },
});

/** A line of `/proc/<pid>/status`, or another file of it, says what it did not before. */
export const kernelSays = (file: string, pattern: RegExp): Canary => ({ tripped: ({ pid }) => pattern.test(procText(pid, file)) });

const sameFile = (path: string, program: { readonly dev: number; readonly ino: number }): boolean => {
  try {
    const { dev, ino } = statSync(path);
    return dev === program.dev && ino === program.ino;
  } catch {
    return false;
  }
};

/** Processes of the host that run a program's file. */
export const processesOf = (program: { readonly dev: number; readonly ino: number }): readonly number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => sameFile(`/proc/${pid}/exe`, program));

/** More processes run the program than were started, and than are allowed beside it. */
export const multiplied = (allowed = 0, afterEnd = false): Canary => {
  let program = { dev: 0, ino: 0 };
  const all = (): readonly number[] => processesOf(program);
  return {
    tripped: (cell) => {
      if (existsSync(cell.program)) program = statSync(cell.program);
      return all().filter((pid) => pid !== cell.pid).length > allowed;
    },
    reset: () => {
      for (const pid of all()) process.kill(pid, "SIGKILL");
    },
    afterEnd,
  };
};

/** Entries of a folder in the program's own tree, or of the host where it has none of its own. */
export const entriesIn = (cell: Cell, path: string): number => {
  try {
    return readdirSync(`${cell.root ?? ""}${path}`).length;
  } catch {
    return 0;
  }
};
