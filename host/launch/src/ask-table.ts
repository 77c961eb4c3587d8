import { CodedError, type Clock } from "@crossguardian/kernel";

/** Questions open at a time. */
export const MAX_QUESTIONS_COUNT = 256;
/** Longest wait for an answer, in ms. */
export const ANSWER_DEADLINE_MS = 10_000;

/** Questions to the management domain that wait for an answer. */
export type AskTable = {
  /** @throws launch.control.late, launch.management.absent */
  readonly ask: (send: (id: number) => void) => Promise<string>;
  readonly answer: (id: number, answer: { readonly ok: boolean; readonly answer: string }) => void;
  /** The management domain is gone and answers nothing any more. */
  readonly failAll: () => void;
};

type Waiting = { readonly settle: (outcome: string | CodedError) => void };

/** Makes an empty table. */
export const makeAskTable = (clock: Clock): AskTable => {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  return {
    ask: (send) =>
      new Promise((resolve, reject) => {
        if (waiting.size >= MAX_QUESTIONS_COUNT) {
          reject(new CodedError("launch.control.late", { open: waiting.size }));
          return;
        }
        lastId += 1;
        const id = lastId;
        const cancel = clock.after(ANSWER_DEADLINE_MS, () => waiting.get(id)?.settle(new CodedError("launch.control.late")));
        waiting.set(id, {
          settle: (outcome) => {
            waiting.delete(id);
            cancel();
            if (typeof outcome === "string") resolve(outcome);
            else reject(outcome);
          },
        });
        send(id);
      }),
    answer: (id, { ok, answer }) => {
      waiting.get(id)?.settle(ok ? answer : JSON.stringify({ failure: answer }));
    },
    failAll: () => {
      for (const each of [...waiting.values()]) each.settle(new CodedError("launch.management.absent"));
    },
  };
};
