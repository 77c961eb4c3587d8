import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `management`. */
export const MANAGEMENT_FAILURES = {
  "management.config.malformed": { action: "alarm", says: "the launcher's description of the house is not understood" },
  "management.body.question": { action: "refuse", says: "the order does not say which message's key is asked for; use the command of the same version" },
  "management.body.domain": { action: "refuse", says: "bodies are read by the key of a gateway's interaction domain: name that, while it runs" },
  "management.key.kind": { action: "refuse", says: "the root key of this kind of domain is not rotated by a command; management's is, while its house runs" },
  "management.key.late": { action: "retry", says: "the launcher has not written the key, or is at it" },
  "management.line.malformed": { action: "alarm", says: "a line of the launcher is not understood" },
  "management.domain.unknown": { action: "refuse", says: "the house has no domain of this name" },
  "management.domain.absent": { action: "retry", says: "the domain does not run or is not admitted at the moment" },
  "management.answer.late": { action: "retry", says: "the domain did not answer within the deadline" },
  "management.answer.malformed": { action: "alarm", says: "the domain's answer is not text" },
  "management.command.unknown": { action: "refuse", says: "management does not know this question" },
  "management.domain.stalled": { action: "retry", says: "the domain is alive but has owed work for too long although nothing outside keeps it; it is started again" },
  "management.domain.givenUp": { action: "alarm", says: "the domain stalls again after as many restarts as are allowed; it is left as it is until the window has passed" },
  "management.order.malformed": { action: "refuse", says: "the order does not name a domain and a step of the response ladder" },
  "management.resources.malformed": { action: "refuse", says: "the order does not say what to change: JSON of resources, or on or off" },
  "management.resources.late": { action: "retry", says: "the launcher has not done what was ordered, or is at it" },
  "management.response.damped": { action: "refuse", says: "a detector asks for the same step again too soon, or too often; an operator may still take it" },
  "management.response.needless": { action: "refuse", says: "the domain is in that state already" },
  "management.standby.absent": { action: "refuse", says: "no standby of the domain is admitted" },
  "management.questions.full": { action: "retry", says: "too many questions wait for an answer" },
} as const satisfies FailureTable;
