import { type Duplex } from "node:stream";
import { CodedError } from "@crossguardian/kernel";
import { decodeGuestLine, type GuestLine, MAX_GUEST_LINE_CHARS } from "../../machine/guest-lines.ts";

/** The control port of a guest. */
export type GuestLink = {
  /** Has the guest run a script beside others. */
  readonly run: (script: string) => void;
  /** Runs a script and waits for a line. @throws isolation.machine.silent */
  readonly ask: (script: string, isAnswer: (line: GuestLine) => boolean, deadlineMs: number) => Promise<GuestLine>;
  /** Waits for a line. @throws isolation.machine.silent */
  readonly wait: (isAnswer: (line: GuestLine) => boolean, deadlineMs: number) => Promise<GuestLine>;
  readonly onLine: (handler: (line: GuestLine) => void) => void;
};

/** Speaks over the stream that is the control port's other end. A line that is too long or unknown is dropped. */
export const makeGuestLink = (stream: Duplex, machine: string): GuestLink => {
  const handlers = new Set<(line: GuestLine) => void>();
  let scripts = 0;
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("error", () => undefined);
  stream.on("data", (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    rest = (lines.pop() ?? "").slice(-MAX_GUEST_LINE_CHARS);
    for (const untrustedLine of lines) {
      const line = decodeGuestLine(untrustedLine.trimEnd());
      if (line !== null) for (const handler of [...handlers]) handler(line);
    }
  });

  const run = (script: string): void => {
    scripts += 1;
    // The guest keeps each script as a file of its memory: it goes away when its shell has opened it.
    const text = `rm -f "$0"\n${script}`;
    stream.write(`run s${String(scripts)} ${String(Buffer.byteLength(text))}\n${text}`);
  };
  const wait: GuestLink["wait"] = async (isAnswer, deadlineMs) =>
    new Promise((resolve, reject) => {
      const handler = (line: GuestLine): void => {
        if (!isAnswer(line)) return;
        stop();
        resolve(line);
      };
      const ended = (): void => {
        stop();
        reject(new CodedError("isolation.machine.silent", { machine, ended: true }));
      };
      const timer = deadlineMs === Infinity ? undefined : setTimeout(() => {
        stop();
        reject(new CodedError("isolation.machine.silent", { machine, deadlineMs }));
      }, deadlineMs);
      const stop = (): void => {
        clearTimeout(timer);
        handlers.delete(handler);
        stream.off("close", ended);
      };
      stream.on("close", ended);
      handlers.add(handler);
    });
  return {
    run,
    wait,
    ask: async (script, isAnswer, deadlineMs) => {
      const answer = wait(isAnswer, deadlineMs);
      run(script);
      return answer;
    },
    onLine: (handler) => {
      handlers.add(handler);
    },
  };
};
