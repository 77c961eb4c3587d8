import { execFile } from "node:child_process";
import { COMMAND_DEADLINE_MS } from "../limits.ts";

const MAX_OUTPUT_BYTES = 64 * 1024;

/** Standard output of a short command with an environment of its own, or null where it fails or is absent. */
export const runCommand = async (file: string, args: readonly string[], deadlineMs = COMMAND_DEADLINE_MS): Promise<string | null> =>
  new Promise((resolve) => {
    const options = {
      timeout: deadlineMs,
      maxBuffer: MAX_OUTPUT_BYTES,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
    };
    execFile(file, args, options, (error, stdout) => {
      resolve(error === null ? stdout : null);
    });
  });
