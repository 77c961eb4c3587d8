import { type Clock, CodedError, type Fact } from "@crossguardian/kernel";

/** Time between two questions to management, in ms. */
export const MANAGEMENT_LOOK_MS = 5_000;
/** Questions in a row without an answer within ANSWER_DEADLINE_MS that say that management hangs. */
export const MAX_LATE_ANSWERS = 2;

/** What watching needs. `ask` fails with launch.control.late when no answer comes. */
export type WatchManagementParts = {
  readonly clock: Clock;
  readonly ask: () => Promise<string>;
  readonly kill: () => void;
  readonly record: (event: string, facts: Readonly<Record<string, Fact>>) => void;
  /** Stopped on purpose: nothing is asked. */
  readonly isPaused: () => boolean;
};

/** Kills a management process that hangs, which nobody else would notice; the keeper starts another one. Returns what ends it. */
export const watchManagement = ({ clock, ask, kill, record, isPaused }: WatchManagementParts): (() => void) => {
  let isStopped = false;
  let late = 0;
  let cancel = (): void => undefined;
  const isLate = async (): Promise<boolean> => {
    try {
      await ask();
      return false;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return error.code === "launch.control.late"; // an absent one is being started
    }
  };
  const look = async (): Promise<void> => {
    late = !isPaused() && (await isLate()) && !isPaused() ? late + 1 : 0;
    if (late >= MAX_LATE_ANSWERS) {
      late = 0;
      record("management.hangs", { answers: MAX_LATE_ANSWERS });
      kill();
    }
    again();
  };
  const again = (): void => {
    if (!isStopped) cancel = clock.after(MANAGEMENT_LOOK_MS, () => void look());
  };
  again();
  return () => {
    isStopped = true;
    cancel();
  };
};
