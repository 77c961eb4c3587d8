import { CodedError, failure, ok, refuse, type Result } from "@crossguardian/kernel";
import { fieldsOf, needText, parseObject } from "./decode-fields.ts";
import { encodeOrder, MAX_ORDER_ARGUMENT_CHARS, MAX_REASON_CHARS, MAX_SIGNED_ORDER_CHARS, type OperatorOrder, type SignedOrder } from "./operator-order.ts";

const NAME = /^[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?$/u;
const RESOURCE = /^([a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?)?$/u;
const ACTION = /^[a-z][A-Za-z]{0,39}$/u;
const NONCE = /^[0-9a-f]{32}$/u;
const SIGNATURE = /^[0-9a-f]{128}$/u;
const ANY = /^/u;

const malformed = (field: string): CodedError => new CodedError("access.order.malformed", { field });

const bounded = (untrusted: unknown, most: number, field: string): string => {
  const text = needText(untrusted, ANY, field, malformed);
  if (text.length > most) throw malformed(field);
  return text;
};

const decodeText = (text: string): OperatorOrder => {
  const fields = fieldsOf(parseObject(text), ["house", "operator", "action", "resource", "argument", "reason", "atMs", "nonce"], malformed);
  const { atMs } = fields;
  if (typeof atMs !== "number" || !Number.isSafeInteger(atMs) || atMs < 0) throw malformed("atMs");
  return {
    house: needText(fields["house"], NAME, "house", malformed),
    operator: needText(fields["operator"], NAME, "operator", malformed),
    action: needText(fields["action"], ACTION, "action", malformed),
    resource: needText(fields["resource"], RESOURCE, "resource", malformed),
    argument: bounded(fields["argument"], MAX_ORDER_ARGUMENT_CHARS, "argument"),
    reason: bounded(fields["reason"], MAX_REASON_CHARS, "reason"),
    atMs,
    nonce: needText(fields["nonce"], NONCE, "nonce", malformed),
  };
};

/** A decoded order with the text that is signed; nothing about the signature is checked yet. Errors: access.order.malformed */
export const decodeSignedOrder = (untrustedText: string): Result<{ readonly order: OperatorOrder; readonly signed: SignedOrder }> => {
  try {
    if (untrustedText.length > MAX_SIGNED_ORDER_CHARS) throw malformed("size");
    const fields = fieldsOf(parseObject(untrustedText), ["text", "signature"], malformed);
    const text = bounded(fields["text"], MAX_SIGNED_ORDER_CHARS, "text");
    const signature = needText(fields["signature"], SIGNATURE, "signature", malformed);
    const order = decodeText(text);
    if (encodeOrder(order) !== text) throw malformed("form");
    return ok({ order, signed: { text, signature } });
  } catch (error) {
    if (error instanceof CodedError) return refuse(failure(error.code, error.failure.facts));
    throw error;
  }
};
