import { FAILURES, type FailureCode } from "./failures/index.ts";

/** A primitive that may stand in a log line or an error: never payloads, keys or raw foreign text. */
export type Fact = string | number | bigint | boolean;

/** A coded failure: what happened and the values. `docs/errors.md` lists every code. */
export type Failure = {
  readonly code: FailureCode;
  readonly facts: Readonly<Record<string, Fact>>;
};

/** What the caller should do about a code: refuse the input, retry later, or raise an alarm. */
export type FailureAction = "refuse" | "retry" | "alarm";

/** Builds a failure. */
export const failure = (
  code: FailureCode,
  facts: Readonly<Record<string, Fact>> = {},
): Failure => ({ code, facts });

/** What to do about the failure. */
export const actionOf = (code: FailureCode): FailureAction => FAILURES[code].action;

/** One line for a person: code, meaning, values. */
export const describeFailure = (value: Failure): string => {
  const facts = Object.entries(value.facts).map(([key, fact]) => `${key}=${String(fact)}`);
  return [`${value.code}: ${FAILURES[value.code].says}`, ...facts].join(" ");
};

/** Thrown where an assumption is broken; carries the same code and facts as a refusal. */
export class CodedError extends Error {
  readonly failure: Failure;

  constructor(code: FailureCode, facts: Readonly<Record<string, Fact>> = {}, options?: ErrorOptions) {
    const value = failure(code, facts);
    super(describeFailure(value), options);
    this.name = "CodedError";
    this.failure = value;
  }

  get code(): FailureCode {
    return this.failure.code;
  }
}
