import { type Field, pidOf, signalProcess } from "../field.ts";
import { chainsOfVictim } from "../recovery.ts";
import { nameOf, rosterOf, type Victim } from "../roster.ts";
import { chosen, type Fault, further } from "./fault.ts";

const stop = async (field: Field, victims: readonly Victim[]): Promise<() => Promise<void>> => {
  const pids = await Promise.all(victims.map(async (victim) => pidOf(field, victim)));
  for (const pid of pids) if (pid !== null) signalProcess(pid, "SIGSTOP");
  return async () => {
    for (const pid of pids) if (pid !== null) signalProcess(pid, "SIGCONT");
  };
};

/** A process stands still and wakes up late; when that is longer than its house waits, another runs in its place by then. */
export const freeze: Fault = {
  resource: "freeze",
  inject: async (field, { choice, lastsMs }) => {
    const victim = chosen(rosterOf(field.world.topology, field.chainKind).filter(({ kind }) => kind !== "chain"), choice);
    const heal = await stop(field, [victim]);
    return { report: { what: `${nameOf(victim)} is stopped for ${lastsMs} ms`, chains: chainsOfVictim(victim) }, heal };
  },
};

/** So many validators stand still that those left are fewer than the threshold. */
export const belowThreshold: Fault = {
  resource: "freeze",
  inject: async (field, { choice, lastsMs }) => {
    const { validators, threshold } = field.world.topology;
    const first = Math.floor(further(choice, 2) * validators);
    const all = rosterOf(field.world.topology, field.chainKind).filter(({ kind }) => kind === "validator");
    const victims = Array.from({ length: validators - threshold + 1 }, (_, at) => chosen(all, ((first + at) % validators) / validators));
    const heal = await stop(field, victims);
    return { report: { what: `${victims.map(nameOf).join(" and ")} are stopped for ${lastsMs} ms`, chains: null }, heal };
  },
};
