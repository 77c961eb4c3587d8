import { spawn } from "node:child_process";

/** How a program ended and everything it printed; `code` null when it was killed. */
export type Ended = { readonly code: number | null; readonly output: string; readonly ms: number; readonly timedOut: boolean };

/** Output kept of one program, in bytes. */
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** Runs a program until it ends, its deadline passes or the signal is given; then it is killed. */
export const runProgram = async (
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly deadlineMs: number; readonly signal: AbortSignal },
): Promise<Ended> => {
  const start = performance.now();
  const child = spawn(command, args, { cwd: options.cwd, stdio: ["ignore", "pipe", "pipe"] });
  const parts: Buffer[] = [];
  let bytes = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes <= MAX_OUTPUT_BYTES) parts.push(part);
    });
  }
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, options.deadlineMs);
  const stop = (): void => {
    child.kill("SIGKILL");
  };
  options.signal.addEventListener("abort", stop, { once: true });
  if (options.signal.aborted) stop();
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject).once("close", resolve);
  try {
    const code = await promise;
    return { code, output: Buffer.concat(parts).toString("utf8"), ms: performance.now() - start, timedOut };
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", stop);
  }
};
