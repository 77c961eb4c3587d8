import { setTimeout as sleep } from "node:timers/promises";

import { type Cell, type Cells, groundAt } from "./cell/cells.ts";
import { isOpaque } from "./cell/lab-drivers.ts";
import { type JailLayer } from "./cell/layers.ts";
import { readCells, REPORT_MARK } from "./native/assemble.ts";
import { hostileProgram } from "./native/hostile-program.ts";
import { type Canary, type NativeProbe } from "./probe.ts";
import { PLACES } from "./stage/places.ts";
import { type Targets } from "./stage/targets.ts";

/** What became of one run of a hostile program. */
export type NativeOutcome = {
  readonly isOpen: boolean;
  /** The canary looked at the program's own process, which a driver with a kernel of its own does not show: neither "open" nor "not open" says anything then. */
  readonly isUnseen: boolean;
  /** How it ended: it told its cells, it ended before, or it was silent. */
  readonly how: "reported" | "ended" | "silent";
  /** Results of its calls, for people; never what decides. */
  readonly cells: readonly bigint[];
};

const DEADLINE_MS = 3_000;
const LOOK_MS = 15;
/** A kernel in user space, or one on an emulated processor, takes longer over the same calls. */
const SLOW_FACTOR = 5;

const cellsOf = (cell: Cell): readonly bigint[] => {
  const told = cell.told();
  const at = told.lastIndexOf(REPORT_MARK);
  return at < 0 ? [] : readCells(told.subarray(at + REPORT_MARK.length));
};

const isTripped = async (canary: Canary, cell: Cell): Promise<boolean> => {
  const until = performance.now() + (canary.settleMs ?? 0);
  for (;;) {
    if (await canary.tripped(cell)) return true;
    if (performance.now() >= until) return false;
    await sleep(LOOK_MS);
  }
};

/** The same cell, and whether somebody looked at its process or its tree. */
const noteLooks = (cell: Cell): { readonly cell: Cell; readonly isLookedInto: () => boolean } => {
  let isLookedInto = false;
  const look = <T>(value: T): T => {
    isLookedInto = true;
    return value;
  };
  return {
    cell: {
      ...cell,
      get pid() {
        return look(cell.pid);
      },
      get root() {
        return look(cell.root);
      },
      get program() {
        return look(cell.program);
      },
    },
    isLookedInto: () => isLookedInto,
  };
};

/**
 * Runs a hostile program once and has its canary decide.
 * @param without layers that are left away; `all`: beside any jail, as root: the control
 */
export const runNative = async (cells: Cells, targets: Targets, probe: NativeProbe, without: ReadonlySet<JailLayer> | "all"): Promise<NativeOutcome> => {
  const ground = groundAt(cells.folder, probe.id.replaceAll(".", "-").toLowerCase());
  await targets.victim.ensure();
  const isHidden = isOpaque(cells.driver);
  const { elf } = hostileProgram((program) => probe.program(program, targets, ground), isHidden);
  const canary = probe.canary(targets, ground);
  const cell = await cells.start(elf, PLACES[probe.as ?? "plugin"], without, ground);
  let hasEnded = false;
  const seen = noteLooks(cell);
  const isUnseen = (): boolean => isHidden && without !== "all" && seen.isLookedInto();
  try {
    await canary.arm?.();
    cell.ear.send(1);
    const isSlow = isHidden && without !== "all";
    const how = await cell.ear.reported((probe.deadlineMs ?? DEADLINE_MS) * (isSlow ? SLOW_FACTOR : 1));
    const first = await isTripped(canary, seen.cell);
    if (canary.afterEnd !== true) return { isOpen: first, isUnseen: isUnseen(), how, cells: cellsOf(cell) };
    const told = cellsOf(cell);
    await cell.stop();
    hasEnded = true;
    return { isOpen: await isTripped(canary, seen.cell), isUnseen: isUnseen(), how, cells: told };
  } finally {
    if (!hasEnded) await cell.stop();
    await canary.reset?.();
    cell.clear();
  }
};
