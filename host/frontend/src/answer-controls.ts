import { CodedError, toHex, utf8, type Log } from "@crossguardian/kernel";
import { type PortChannel } from "./port-channel.ts";

/** Longest answer to a question of management, in bytes. */
export const MAX_ANSWER_BYTES = 256 * 1024;
/** Questions of management answered at a time. */
export const MAX_OPEN_QUESTIONS = 16;

/** Commands of a domain by name. */
export type Controls = {
  readonly add: (command: string, handler: (argument: string) => Promise<unknown>) => void;
  /** From now on a command without a handler is refused; before, it waits for one. */
  readonly complete: () => void;
};

const plain = (_key: string, value: unknown): unknown => {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return toHex(value);
  return value;
};

/** Answers management's `control` messages; an answer is JSON, a failure `{"failure": code}`. */
export const answerControls = (ports: PortChannel, log: Log): Controls => {
  const handlers = new Map<string, (argument: string) => Promise<unknown>>();
  let waiting: { readonly command: string; readonly argument: string }[] = [];
  let isComplete = false;
  let open = 0;

  const answer = (command: string, value: unknown): void => {
    const text = utf8(JSON.stringify({ answer: value }, plain).slice('{"answer":'.length, -1) || "null");
    const bytes =
      text.length <= MAX_ANSWER_BYTES ? text : utf8(JSON.stringify({ failure: "frontend.control.oversize" }));
    if (!ports.send(0, "controlAnswer", { command, answer: bytes })) log.warn("control.answer.dropped", { command });
  };

  const run = async (command: string, argument: string): Promise<void> => {
    const handler = handlers.get(command);
    if (handler === undefined && !isComplete && waiting.length < MAX_OPEN_QUESTIONS) {
      waiting.push({ command, argument });
      return;
    }
    if (handler === undefined || open >= MAX_OPEN_QUESTIONS) {
      answer(command, { failure: "frontend.control.unknown" });
      return;
    }
    open += 1;
    try {
      answer(command, await handler(argument));
    } catch (error) {
      const code = error instanceof CodedError ? error.code : "frontend.control.failed";
      log.warn("control.failed", { command, code, why: error instanceof Error ? error.message : "" });
      answer(command, { failure: code });
    } finally {
      open -= 1;
    }
  };

  ports.on("control", (port, { command, argument }) => {
    if (port === 0) void run(command, argument);
  });
  const runWaiting = (): void => {
    const all = waiting;
    waiting = [];
    for (const { command, argument } of all) void run(command, argument);
  };
  return {
    add: (command, handler) => {
      handlers.set(command, handler);
      runWaiting();
    },
    complete: () => {
      isComplete = true;
      runWaiting();
    },
  };
};
