import { CodedError } from "@crossguardian/kernel";
import { XL_DEADLINE_MS } from "../../limits.ts";
import { isDomuOf, mibOf } from "../../xen/domu-config.ts";
import { type ListedDomain, parseXlList } from "../../xen/parse-xl.ts";
import { runCommand } from "../run-command.ts";

/** What is asked of Xen about a DomU. */
export type Xl = {
  /** Null where it is not there. */
  readonly find: (name: string) => Promise<ListedDomain | null>;
  readonly setPaused: (name: string, paused: boolean) => Promise<void>;
  /** Percent of one core; null lifts it. */
  readonly setCap: (name: string, percent: number | null) => Promise<void>;
  readonly setMemory: (name: string, bytes: number) => Promise<void>;
  /** Repeatable. */
  readonly destroy: (name: string) => Promise<void>;
};

// credit2 and credit read 0 as no cap.
const NO_CAP = 0;

/** Speaks through the program `xl`. @throws isolation.xen.refused */
export const makeXl = (program: string, scheduler: string): Xl => {
  const run = async (name: string, args: readonly string[]): Promise<void> => {
    if ((await runCommand(program, args, XL_DEADLINE_MS)) === null) throw new CodedError("isolation.xen.refused", { domu: name, order: String(args[0]) });
  };
  const find: Xl["find"] = async (name) => {
    const said = await runCommand(program, ["list"], XL_DEADLINE_MS);
    return parseXlList(said ?? "").find((each) => each.name === name) ?? null;
  };
  return {
    find,
    setPaused: async (name, paused) => run(name, [paused ? "pause" : "unpause", name]),
    setCap: async (name, percent) => run(name, [scheduler === "credit" ? "sched-credit" : "sched-credit2", "-d", name, "-c", String(percent ?? NO_CAP)]),
    setMemory: async (name, bytes) => run(name, ["mem-set", name, `${String(mibOf(bytes))}m`]),
    destroy: async (name) => {
      if ((await find(name)) !== null) await runCommand(program, ["destroy", name], XL_DEADLINE_MS);
      if ((await find(name)) !== null) throw new CodedError("isolation.xen.refused", { domu: name, order: "destroy" });
    },
  };
};

/** Ends the DomUs of an instance; nothing where there is no xl. */
export const destroyDomus = async (program: string | undefined, instance: string): Promise<void> => {
  if (program === undefined) return;
  const listed = parseXlList((await runCommand(program, ["list"], XL_DEADLINE_MS)) ?? "");
  for (const { name } of listed.filter((each) => isDomuOf(instance, each.name))) await runCommand(program, ["destroy", name], XL_DEADLINE_MS);
};
