import { type Clock, type FailureCode } from "@crossguardian/kernel";

/** Questions to all domains that wait for an answer, at most. */
export const MAX_WAITING_QUESTIONS_COUNT = 256;
/** Longest wait for a domain's answer, in ms; shorter than the launcher's. */
export const DOMAIN_ANSWER_DEADLINE_MS = 8_000;

/** How a question ended: JSON text of the domain, or a failure. */
export type Outcome = { readonly ok: true; readonly answer: string } | { readonly ok: false; readonly code: FailureCode };

/** Questions by domain and command; a domain answers those of one command in their order. */
export type Questions = {
  readonly open: (domain: string, command: string, settle: (outcome: Outcome) => void) => void;
  /** False: nobody asked. */
  readonly answer: (domain: string, command: string, outcome: Outcome) => boolean;
  /** The domain ended. */
  readonly drop: (domain: string) => void;
};

type Waiting = { readonly domain: string; readonly command: string; readonly settle: (outcome: Outcome) => void };

/** Makes an empty table. */
export const makeQuestions = (clock: Clock): Questions => {
  const waiting = new Set<Waiting>();
  const settle = (question: Waiting, outcome: Outcome): void => {
    if (waiting.delete(question)) question.settle(outcome);
  };
  return {
    open: (domain, command, whenSettled) => {
      if (waiting.size >= MAX_WAITING_QUESTIONS_COUNT) {
        whenSettled({ ok: false, code: "management.questions.full" });
        return;
      }
      const cancel = clock.after(DOMAIN_ANSWER_DEADLINE_MS, () => settle(question, { ok: false, code: "management.answer.late" }));
      const question: Waiting = {
        domain,
        command,
        settle: (outcome) => {
          cancel();
          whenSettled(outcome);
        },
      };
      waiting.add(question);
    },
    answer: (domain, command, outcome) => {
      const question = [...waiting].find((each) => each.domain === domain && each.command === command);
      if (question === undefined) return false;
      settle(question, outcome);
      return true;
    },
    drop: (domain) => {
      for (const question of [...waiting]) {
        if (question.domain === domain) settle(question, { ok: false, code: "management.domain.absent" });
      }
    },
  };
};
