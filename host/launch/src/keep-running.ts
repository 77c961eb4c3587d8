import { type Clock, type Fact } from "@crossguardian/kernel";
import { ALARM_WINDOW_MS, decideRestart, NO_RESTARTS } from "./restart-policy.ts";

/** How a process ended. */
export type Exit = { readonly code: number | null; readonly signal: string | null };

/** One run of what is kept. */
export type Run = {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** How it is signalled, where its pid is not its own. */
  readonly signal?: (signal: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT") => void;
};

/** What is kept running. */
export type Kept = {
  readonly name: string;
  readonly start: () => Promise<Run>;
  /** Removes what is left of a run that ended, or of a start that failed. */
  readonly cleanUp: () => Promise<void>;
  /** Asks a run to end. */
  readonly signal: (run: Run, signal: "SIGTERM" | "SIGKILL") => void;
};

/** State of one kept thing. */
export type KeeperState = {
  readonly state: "idle" | "starting" | "running" | "waiting" | "stopped";
  readonly pid: number | null;
  readonly restarts: number;
  readonly startedAtMs: number | null;
  /** Ends within ALARM_WINDOW_MS. */
  readonly recentEnds: number;
  /** Wall time of the next start while it waits for one. */
  readonly startsAtMs: number | null;
};

/** Keeps one thing running until it is stopped. */
export type Keeper = {
  /** First start. @throws what the start throws, after cleaning up */
  readonly begin: () => Promise<void>;
  /** The same; a first start that fails is tried again as a later one is. */
  readonly beginAnyhow: () => Promise<void>;
  /** Kills the present run; the next one follows by the restart policy. */
  readonly kill: () => void;
  /** SIGTERM to the present run, after `graceMs` SIGKILL; the next one follows. */
  readonly restart: (graceMs: number) => void;
  /** Ends it for good: SIGTERM, after `graceMs` SIGKILL and clean-up. */
  readonly stop: (graceMs: number) => Promise<void>;
  readonly state: () => KeeperState;
};

/** What a keeper needs. */
export type KeeperPowers = {
  readonly clock: Clock;
  readonly record: (event: string, facts: Readonly<Record<string, Fact>>) => void;
};

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 500);

/** Makes the keeper of one thing. A failed restart counts like an end: it is tried again, slower each time, for ever. */
export const makeKeeper = (kept: Kept, { clock, record }: KeeperPowers): Keeper => {
  let phase: KeeperState["state"] = "idle";
  let run: Run | null = null;
  let restarts = 0;
  let startedAtMs: number | null = null;
  let startsAtMs: number | null = null;
  let history = NO_RESTARTS;
  let cancelWait = (): void => undefined;
  let starting: Promise<void> = Promise.resolve();
  let ending: Promise<void> = Promise.resolve();

  const isStopped = (): boolean => phase === "stopped";

  const startAnyhow = (): void => {
    starting = startOnce();
    starting.catch((error: unknown) => {
      record("process.startFailed", { name: kept.name, why: reasonOf(error) });
      restartLater(0);
    });
  };

  const restartLater = (ranMs: number): void => {
    if (isStopped()) return;
    const restart = decideRestart(history, clock.monotonicMs(), ranMs);
    history = restart.history;
    phase = "waiting";
    startsAtMs = clock.wallMs() + restart.delayMs;
    if (restart.alarm) record("process.alarm", { name: kept.name, ends: history.endsMs.length, delayMs: restart.delayMs });
    const again = (): void => {
      restarts += 1;
      startAnyhow();
    };
    if (restart.delayMs === 0) again();
    else cancelWait = clock.after(restart.delayMs, again);
  };

  const onExit = async (exit: Exit, beganMs: number): Promise<void> => {
    run = null;
    record("process.ended", { name: kept.name, code: exit.code ?? -1, signal: exit.signal ?? "", stopping: isStopped() });
    await kept.cleanUp().catch((error: unknown) => record("process.cleanUpFailed", { name: kept.name, why: reasonOf(error) }));
    restartLater(clock.monotonicMs() - beganMs);
  };

  const startOnce = async (): Promise<void> => {
    if (isStopped()) return;
    phase = "starting";
    let begun: Run;
    try {
      begun = await kept.start();
    } catch (error) {
      await kept.cleanUp();
      throw error;
    }
    const beganMs = clock.monotonicMs();
    startedAtMs = clock.wallMs();
    run = begun;
    if (!isStopped()) phase = "running";
    else kept.signal(begun, "SIGKILL");
    record("process.started", { name: kept.name, pid: begun.pid, restarts });
    ending = begun.exited.then((exit) => onExit(exit, beganMs));
  };

  return {
    begin: async () => {
      starting = startOnce();
      await starting;
    },
    beginAnyhow: async () => {
      startAnyhow();
      await starting.catch(() => undefined);
    },
    kill: () => {
      if (run !== null) kept.signal(run, "SIGKILL");
    },
    restart: (graceMs) => {
      const present = run;
      if (present === null) return;
      kept.signal(present, "SIGTERM");
      const cancel = clock.after(graceMs, () => {
        if (run === present) kept.signal(present, "SIGKILL");
      });
      void present.exited.then(cancel);
    },
    stop: async (graceMs) => {
      phase = "stopped";
      cancelWait();
      await starting.catch(() => undefined);
      if (run !== null) kept.signal(run, "SIGTERM");
      const cancel = clock.after(graceMs, () => {
        if (run !== null) kept.signal(run, "SIGKILL");
      });
      await ending;
      cancel();
    },
    state: () => ({
      state: phase, pid: run?.pid ?? null, restarts, startedAtMs,
      recentEnds: history.endsMs.filter((each) => clock.monotonicMs() - each < ALARM_WINDOW_MS).length,
      startsAtMs: phase === "waiting" ? startsAtMs : null,
    }),
  };
};
