import { type Cancel, type Clock, CodedError } from "@crossguardian/kernel";
import { CALL_DEADLINE_MS, MAX_ANSWER_BYTES, MAX_OPEN_CALLS, MAX_SMALL_ANSWER_BYTES } from "../limits.ts";
import { type Answer } from "./decode-answers.ts";

/** Bounds of one call. */
export type CallBounds = { readonly maxAnswerBytes?: number; readonly deadlineMs?: number };

/** Questions to a node that are open. */
export type CallTable = {
  /**
   * Opens a question: its id, and the promise of its result.
   * @throws evm.rpc.busy
   */
  readonly open: (method: string, bounds: CallBounds) => { readonly id: number; readonly answer: Promise<unknown> };
  /** Settles the question that an answer belongs to; an answer to none is dropped. */
  readonly take: (answer: Exclude<Answer, { kind: "push" }>) => void;
  /** All open questions fail with evm.rpc.lost. */
  readonly failAll: (because: string) => void;
  /** Longest answer that some open question allows, in bytes. */
  readonly maxAnswerBytes: () => number;
  /** Age of the oldest open question in ms, 0 without one. */
  readonly oldestMs: () => number;
};

type OpenCall = {
  readonly method: string;
  readonly openedMs: number;
  readonly maxAnswerBytes: number;
  readonly cancelDeadline: Cancel;
  readonly resolve: (untrustedResult: unknown) => void;
  readonly reject: (error: CodedError) => void;
};

/** Makes a table; `onDeadline` hears of each question that was not answered in time. */
export const makeCallTable = (clock: Clock, onDeadline: (method: string) => void): CallTable => {
  const calls = new Map<number, OpenCall>();
  let nextId = 1;

  const close = (id: number): OpenCall | null => {
    const call = calls.get(id) ?? null;
    if (call === null) return null;
    calls.delete(id);
    call.cancelDeadline();
    return call;
  };

  return {
    open: (method, bounds) => {
      if (calls.size >= MAX_OPEN_CALLS) throw new CodedError("evm.rpc.busy", { method });
      const id = nextId;
      nextId += 1;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const cancelDeadline = clock.after(bounds.deadlineMs ?? CALL_DEADLINE_MS, () => {
        close(id)?.reject(new CodedError("evm.rpc.deadline", { method }));
        onDeadline(method);
      });
      calls.set(id, { method, openedMs: clock.monotonicMs(), maxAnswerBytes: bounds.maxAnswerBytes ?? MAX_SMALL_ANSWER_BYTES, cancelDeadline, resolve, reject });
      return { id, answer: promise };
    },
    take: (answer) => {
      const call = close(answer.id);
      if (call === null) return;
      if (answer.kind === "result") call.resolve(answer.untrustedResult);
      else call.reject(new CodedError("evm.rpc.refused", { method: call.method, rpcCode: answer.rpcCode, reason: answer.reason }));
    },
    failAll: (because) => {
      for (const id of [...calls.keys()]) close(id)?.reject(new CodedError("evm.rpc.lost", { because }));
    },
    maxAnswerBytes: () => {
      let most = MAX_SMALL_ANSWER_BYTES;
      for (const call of calls.values()) most = Math.max(most, call.maxAnswerBytes);
      return Math.min(most, MAX_ANSWER_BYTES);
    },
    oldestMs: () => {
      const oldest = calls.values().next();
      return oldest.done === true ? 0 : clock.monotonicMs() - oldest.value.openedMs;
    },
  };
};
