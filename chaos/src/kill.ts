import { startChain } from "@crossguardian/devnet";
import { CodedError } from "@crossguardian/kernel";
import { join } from "node:path";

import { awaitAnother, type Field, pidOf, raiseHouse, signalProcess } from "./field.ts";
import { nameOf, type Victim } from "./roster.ts";

/** A kill that took place; `back` resolves when another process runs in the victim's place. */
export type Kill = { readonly victim: Victim; readonly pid: number; readonly atMs: number; readonly back: Promise<void> };

const FIND_DEADLINE_MS = 45_000;
const FIND_MS = 25;
const CHAIN_DOWN_MS = 300;

const raiseChain = async (field: Field, chain: string): Promise<void> => {
  const plan = field.world.chains.get(chain);
  if (plan === undefined) throw new Error(`no chain ${chain}`);
  await new Promise((resolve) => setTimeout(resolve, CHAIN_DOWN_MS));
  const node = await startChain({
    kind: field.chainKind, chainId: plan.numericId, blockTimeMs: null, accounts: field.accounts,
    port: Number(new URL(plan.url).port), stateDir: join(field.chainDir, chain),
  });
  field.nodes.set(chain, node);
};

const comeBack = async (field: Field, victim: Victim, pid: number): Promise<void> => {
  if (victim.kind === "launcher") await raiseHouse(field, victim.house);
  else if (victim.kind === "chain") await raiseChain(field, victim.chain ?? "");
  else await awaitAnother(field, victim, pid);
};

/** Ends a process by SIGKILL, waiting for it to run if it does not. Launchers and chains are started again here; the rest by its launcher. @throws chaos.victim.absent */
export const killVictim = async (field: Field, victim: Victim): Promise<Kill> => {
  const until = performance.now() + FIND_DEADLINE_MS;
  for (;;) {
    const pid = await pidOf(field, victim);
    if (pid !== null && signalProcess(pid, "SIGKILL")) {
      const back = comeBack(field, victim, pid);
      back.catch(() => undefined); // seen by whoever waits for it
      return { victim, pid, atMs: performance.now(), back };
    }
    if (performance.now() > until) throw new CodedError("chaos.victim.absent", { victim: nameOf(victim), waitedMs: FIND_DEADLINE_MS });
    await new Promise((resolve) => setTimeout(resolve, FIND_MS));
  }
};

/** Ends several at once. */
export const killTogether = async (field: Field, victims: readonly Victim[]): Promise<readonly Kill[]> =>
  Promise.all(victims.map(async (victim) => killVictim(field, victim)));
