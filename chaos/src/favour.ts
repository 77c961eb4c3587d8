import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";

/** Before the domains' groups, which together weigh as much as many single processes. */
const FAVOURED = -15;
const USUAL = 0;

/**
 * A kernel with autogroups weighs sessions against control groups, and priorities of processes only within their session (sched(7), "The autogroup
 * feature"): the session is favoured as well.
 */
const withSession = (pid: number, priority: number): void => {
  const file = `/proc/${pid}/autogroup`;
  if (existsSync(file)) writeFileSync(file, String(priority));
};

const withThreads = (pid: number, priority: number): void => {
  for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), priority);
  withSession(pid, priority);
};

/**
 * Lets whoever sends, watches and makes blocks run before the domains until the answer is called: on a machine of their own they would not wait for a
 * core that the measured domains hold, and their waiting would be taken for the domains' pauses.
 */
export const favour = (pids: readonly number[]): (() => void) => {
  for (const pid of pids) withThreads(pid, FAVOURED);
  return () => {
    for (const pid of pids) {
      try {
        withThreads(pid, USUAL);
      } catch {
        continue; // it has ended
      }
    }
  };
};
