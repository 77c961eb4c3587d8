import { type Duplex } from "node:stream";
import { CodedError } from "@crossguardian/kernel";

/** The monitor of a machine's QEMU. */
export type QmpLink = {
  /** @throws isolation.machine.monitor where QEMU refuses, is silent or is gone */
  readonly run: (command: string, args?: Readonly<Record<string, unknown>>) => Promise<unknown>;
};

/** A field of an answer of the monitor; undefined where there is none. */
export const fieldOf = (answer: unknown, field: string): unknown => (typeof answer === "object" && answer !== null ? (answer as Readonly<Record<string, unknown>>)[field] : undefined);

/** Longest line of the monitor in characters; what is longer is dropped. */
const MAX_MONITOR_LINE_CHARS = 65_536;
const MONITOR_DEADLINE_MS = 20_000;

type Answer = { readonly return?: unknown; readonly error?: { readonly desc?: string }; readonly id?: number };

const readAnswer = (untrustedLine: string): Answer => {
  try {
    const value: unknown = JSON.parse(untrustedLine);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
};

/** Speaks over the stream that is the monitor's other end. QEMU carries a guest: what it says is not trusted beyond one's own numbers. */
export const openQmp = (stream: Duplex, machine: string): QmpLink => {
  const waiting = new Map<number, (answer: Answer) => void>();
  let rest = "";
  let asked = 0;
  stream.setEncoding("utf8");
  stream.on("error", () => undefined);
  stream.on("data", (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    rest = (lines.pop() ?? "").slice(-MAX_MONITOR_LINE_CHARS);
    for (const line of lines) {
      const answer = readAnswer(line);
      if (typeof answer.id === "number") waiting.get(answer.id)?.(answer);
    }
  });
  const ask = async (execute: string, args: Readonly<Record<string, unknown>>): Promise<unknown> =>
    new Promise((resolve, reject) => {
      asked += 1;
      const id = asked;
      const fail = (why: string): void => finish(() => reject(new CodedError("isolation.machine.monitor", { machine, command: execute, why })));
      const finish = (then: () => void): void => {
        clearTimeout(timer);
        stream.off("close", gone);
        waiting.delete(id);
        then();
      };
      const gone = (): void => fail("gone");
      const timer = setTimeout(() => fail("silent"), MONITOR_DEADLINE_MS);
      stream.on("close", gone);
      waiting.set(id, (answer) => {
        if (answer.error === undefined) finish(() => resolve(answer.return));
        else fail(String(answer.error.desc).slice(0, 200));
      });
      stream.write(`${JSON.stringify({ execute, arguments: args, id })}\n`);
    });
  // The monitor takes no other command before this one.
  let isReady: Promise<unknown> | null = null;
  return {
    run: async (command, args = {}) => {
      await (isReady ??= ask("qmp_capabilities", {}));
      return ask(command, args);
    },
  };
};
