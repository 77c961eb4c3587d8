import { type World } from "@crossguardian/world";

import { cpuMsOf } from "./cpu-time.ts";

/** The processes of a world, to count and to freeze. */
export type WatchedProcesses = {
  /** CPU time used so far by group of processes. */
  readonly cpuMs: () => Map<string, number>;
  readonly signal: (name: "SIGSTOP" | "SIGCONT") => void;
};

type WorldProcess = { readonly pid: number; readonly group: string };

const processesOf = async (world: World): Promise<readonly WorldProcess[]> => {
  const all: WorldProcess[] = [
    ...[...world.nodes].map(([, node]) => ({ pid: node.pid, group: "chain" })),
    { pid: world.proxies.pid, group: "proxies" },
  ];
  for (const house of world.houses.values()) {
    all.push({ pid: house.pid, group: "launcher" });
    const domains = await house.domains();
    all.push(...domains.map((domain) => ({ pid: domain.pid ?? 0, group: domain.kind })));
  }
  return all.filter((each) => each.pid > 0);
};

/** Finds every process of a world: chains, proxies, launchers and domains. */
export const watchProcesses = async (world: World): Promise<WatchedProcesses> => {
  const processes = await processesOf(world);
  return {
    cpuMs: () => {
      const byGroup = new Map<string, number>();
      for (const { pid, group } of processes) byGroup.set(group, (byGroup.get(group) ?? 0) + cpuMsOf(pid));
      return byGroup;
    },
    signal: (name) => {
      for (const { pid } of processes) {
        try {
          process.kill(pid, name);
        } catch {
          continue; // it ended; the count of committed transfers will show it
        }
      }
    },
  };
};
