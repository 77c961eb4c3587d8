import { ALLOWED, allowedNames } from "@crossguardian/isolation";

import { type Cells } from "./cell/cells.ts";
import { readCells, REPORT_MARK } from "./native/assemble.ts";
import { hostileProgram } from "./native/hostile-program.ts";
import { SYSCALL } from "./native/syscall-numbers.ts";
import { PLACES } from "./stage/places.ts";

const EPERM = -1n;
const ENOSYS = -38n;
const DEADLINE_MS = 5_000;
const REPORT_CELLS_MS = 200;
/** Calls that end, stop or replace the program that makes them; some of them have probes of their own. */
const NOT_SWEPT = ["rt_sigreturn", "pause", "exit", "exit_group", "rt_sigsuspend", "uretprobe", "uprobe", "vhangup", "fork", "vfork", "restart_syscall"] as const;

/** What a sweep over all calls by number found. */
export type Sweep = { readonly allowed: number; readonly tried: number; readonly beyondList: readonly string[]; readonly missing: readonly string[] };

/**
 * Makes every system call once in a plugin's domain, with arguments that cannot succeed, and compares which are refused by the filter
 * with the published list.
 */
export const sweepSyscalls = async (cells: Cells): Promise<Sweep> => {
  const skipped = new Set<string>(NOT_SWEPT);
  const names = Object.keys(SYSCALL).filter((name) => !skipped.has(name)) as (keyof typeof SYSCALL)[];
  const { elf } = hostileProgram((program) => {
    for (const name of names) program.sys(name, -1, -1, -1, -1, -1, -1);
  });
  const cell = await cells.start(elf, PLACES.plugin, new Set());
  try {
    cell.ear.send(1);
    await cell.ear.reported(DEADLINE_MS);
    await new Promise((resolve) => setTimeout(resolve, REPORT_CELLS_MS));
    const told = cell.told();
    // The first two cells are of the program's own preparation.
    const results = readCells(told.subarray(told.indexOf(REPORT_MARK) + REPORT_MARK.length)).slice(2);
    if (results.length !== names.length) throw new Error(`the sweep told ${results.length} of ${names.length} results`);
    const reached = new Set(names.filter((_, at) => results[at] !== EPERM));
    const listed = new Set(allowedNames("x64", "none"));
    // Allowed by argument: with these arguments none of them is.
    const always = new Set(ALLOWED.flatMap((entry) => entry.names));
    return {
      allowed: listed.size,
      tried: names.length,
      beyondList: names.filter((name, at) => reached.has(name) && results[at] !== ENOSYS && !listed.has(name)),
      missing: names.filter((name) => always.has(name) && !reached.has(name)),
    };
  } finally {
    await cell.end();
  }
};
