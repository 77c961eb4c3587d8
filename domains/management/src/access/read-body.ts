import { CodedError, decodeJson, type FailureCode, FAILURES } from "@crossguardian/kernel";
import { type Outcome, type Questions } from "../questions.ts";
import { type OverseerPowers, type Watched } from "../watched.ts";
import { type OrderDesk } from "./order-desk.ts";

/** The order's action, and the question to the interaction domain: nobody's to ask without an order. */
export const READ_BODY = "readBody";
/** Longest question a domain takes, in characters (core/wire, `control`). */
const MAX_QUESTION_CHARS = 1_024;
const MAX_NAME_CHARS = 160;

/** What reading of bodies works with. */
export type BodyParts = Pick<OverseerPowers, "channel"> & { readonly all: ReadonlyMap<string, Watched>; readonly questions: Pick<Questions, "open"> };

const isCode = (untrusted: unknown): untrusted is FailureCode => typeof untrusted === "string" && Object.hasOwn(FAILURES, untrusted);

/** What is read, for the audit log; the domain checks the question itself. */
const subjectOf = (untrustedArgument: string): Readonly<Record<"from" | "to" | "index" | "type", string>> => {
  const question = untrustedArgument.length > MAX_QUESTION_CHARS ? null : (decodeJson(untrustedArgument) as Readonly<Record<string, unknown>> | null);
  const word = (name: string): string => {
    const value = question?.[name];
    if (typeof value !== "string" || value.length > MAX_NAME_CHARS) throw new CodedError("management.body.question", { field: name });
    return value;
  };
  return { from: word("from"), to: word("to"), index: word("index"), type: word("type") };
};

const answerOf = (outcome: Outcome): unknown => {
  if (!outcome.ok) throw new CodedError(outcome.code);
  const answer = decodeJson(outcome.answer);
  if (typeof answer !== "object" || answer === null || !("failure" in answer)) return answer;
  throw new CodedError(isCode(answer.failure) ? answer.failure : "management.answer.malformed");
};

/**
 * Serves `readBody`: a gateway's interaction domain releases the key of one message to the officer who asks, sealed to the box key in the order. Which message,
 * who and why stand in the audit log before the domain is asked.
 */
export const serveReadBody = (desk: Pick<OrderDesk, "serve">, { all, questions, channel }: BodyParts): void => {
  desk.serve(READ_BODY, async ({ resource, argument, record }) => {
    const watched = all.get(resource);
    if (watched?.domain.kind !== "interaction" || watched.phase !== "admitted") throw new CodedError("management.body.domain", { name: resource });
    await record("body.read", subjectOf(argument));
    const outcome = await new Promise<Outcome>((resolve) => {
      if (channel.send(watched.domain.port, "control", { command: READ_BODY, argument })) questions.open(resource, READ_BODY, resolve);
      else resolve({ ok: false, code: "management.domain.absent" });
    });
    return answerOf(outcome);
  });
};
