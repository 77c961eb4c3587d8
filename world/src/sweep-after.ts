import { spawn } from "node:child_process";

const SWEEP_DEADLINE_S = 60;

// The houses end by themselves when this program is gone; their run folder empties as they do.
const SCRIPT = `
read -r word && [ "$word" = done ] && exit 0
left=${SWEEP_DEADLINE_S * 2}
while [ "$left" -gt 0 ] && [ -n "$(ls -A -- "$1" 2>/dev/null)" ]; do left=$((left - 1)); sleep 0.5; done
[ "$left" -gt 0 ] && rm -rf -- "$@"`;

/**
 * Has a small shell wait beside this program: if the program is killed, it removes the instance's folders and record
 * once its houses have ended. `runDir` comes first. The returned function says that there is nothing to sweep.
 */
export const sweepAfter = (runDir: string, others: readonly string[]): (() => void) => {
  const shell = spawn("/bin/sh", ["-c", SCRIPT, "crossguardian-sweep", runDir, ...others], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  shell.on("error", () => undefined); // without it a killed demo leaves files, and nothing else is lost
  shell.stdin.on("error", () => undefined);
  shell.unref();
  return () => {
    shell.stdin.end("done\n");
  };
};
