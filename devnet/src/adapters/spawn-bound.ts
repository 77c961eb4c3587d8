import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

const STOP_GRACE_MS = 3_000;

/** How a program of the devnet is started. */
export type BoundSpawn = {
  readonly command: string;
  readonly args: readonly string[];
  readonly stdio: StdioOptions;
  /** When false the kernel sends it `deathSignal` as soon as the starting process is gone, however that ended. */
  readonly outlive: boolean;
  readonly deathSignal: "KILL" | "TERM";
};

/**
 * Starts a program in a session of its own, so that Ctrl-C in the terminal reaches only the starter,
 * who then stops it in order.
 */
export const spawnBound = (how: BoundSpawn): ChildProcess => {
  const [command, args] = how.outlive
    ? [how.command, how.args]
    : ["setpriv", ["--pdeathsig", how.deathSignal, "--", how.command, ...how.args]];
  const child = spawn(command, args, { stdio: how.stdio, detached: true });
  if (how.outlive) child.unref();
  return child;
};

const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Asks a program to end, kills it after three seconds, and waits until it is gone. */
export const stopChild = async (child: ChildProcess): Promise<void> => {
  if (ended(child) || child.pid === undefined) return;
  const { promise: gone, resolve } = Promise.withResolvers<undefined>();
  child.once("exit", () => resolve(undefined));
  child.kill("SIGTERM");
  const abort = new AbortController();
  const late = sleep(STOP_GRACE_MS, "late" as const, { signal: abort.signal }).catch(() => undefined);
  if ((await Promise.race([gone, late])) === "late") child.kill("SIGKILL");
  await gone;
  abort.abort();
};
