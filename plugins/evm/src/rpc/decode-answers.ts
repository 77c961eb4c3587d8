import { CodedError } from "@crossguardian/kernel";

/** One JSON-RPC answer or push, its contents still unchecked. */
export type Answer =
  | { readonly kind: "result"; readonly id: number; readonly untrustedResult: unknown }
  | { readonly kind: "error"; readonly id: number; readonly rpcCode: number; readonly reason: RefusalReason }
  | { readonly kind: "push"; readonly subscription: string; readonly untrustedResult: unknown };

/** What a node's error text means to us; the text itself goes nowhere. */
export type RefusalReason = "nonce" | "known" | "underpriced" | "funds" | "unsupported" | "tooLarge" | "other";

const MAX_REASON_CHARS = 300;
const MAX_ANSWERS_PER_MESSAGE = 256;
const METHOD_NOT_FOUND = -32_601;

const REASONS: readonly (readonly [RefusalReason, RegExp])[] = [
  ["known", /already known|known transaction|already imported|already exists/u],
  ["underpriced", /underpriced|fee too low|max fee per gas less than block base fee|less than the block's basefee/u],
  ["nonce", /nonce/u],
  ["funds", /insufficient funds|enough funds/u],
  ["unsupported", /method not found|not supported|does not exist|not available|unknown method/u],
  ["tooLarge", /more than|too many|too large|limit exceeded|exceed/u],
];

const reasonOf = (rpcCode: number, untrustedMessage: unknown): RefusalReason => {
  const text = typeof untrustedMessage === "string" ? untrustedMessage.slice(0, MAX_REASON_CHARS).toLowerCase() : "";
  for (const [reason, pattern] of REASONS) if (pattern.test(text)) return reason;
  return rpcCode === METHOD_NOT_FOUND ? "unsupported" : "other";
};

/** Member of a foreign object, or undefined when it is not one. */
export const member = (untrusted: unknown, name: string): unknown =>
  typeof untrusted === "object" && untrusted !== null && !Array.isArray(untrusted)
    ? (untrusted as Readonly<Record<string, unknown>>)[name] // an object of JSON.parse; the member stays unchecked
    : undefined;

const decodeAnswer = (untrusted: unknown): Answer => {
  const id = member(untrusted, "id");
  if (typeof id === "number") {
    const error = member(untrusted, "error");
    if (error === undefined || error === null) {
      return { kind: "result", id, untrustedResult: member(untrusted, "result") };
    }
    const code = member(error, "code");
    const rpcCode = typeof code === "number" ? code : 0;
    return { kind: "error", id, rpcCode, reason: reasonOf(rpcCode, member(error, "message")) };
  }
  const params = member(untrusted, "params");
  const subscription = member(params, "subscription");
  if (member(untrusted, "method") === "eth_subscription" && typeof subscription === "string") {
    return { kind: "push", subscription, untrustedResult: member(params, "result") };
  }
  throw new CodedError("evm.answer.malformed", { what: "envelope" });
};

/**
 * Decodes one message of a node: an answer, a list of answers, or a push.
 * @throws evm.answer.malformed
 */
export const decodeAnswers = (untrustedText: string): readonly Answer[] => {
  let untrusted: unknown;
  try {
    untrusted = JSON.parse(untrustedText);
  } catch {
    throw new CodedError("evm.answer.malformed", { what: "json", chars: untrustedText.length });
  }
  if (!Array.isArray(untrusted)) return [decodeAnswer(untrusted)];
  if (untrusted.length > MAX_ANSWERS_PER_MESSAGE) throw new CodedError("evm.answer.malformed", { what: "batch" });
  return untrusted.map(decodeAnswer);
};
