import { CodedError, decodeJson, fromHex, ibtpId, parseServiceId, type Result, toHex } from "@crossguardian/kernel";
import { type Crypto } from "@crossguardian/crypto";
import { IBTP_TYPE } from "@crossguardian/wire";
import { type MessageCipher, type MessageTerms } from "./message-cipher.ts";

const KEY_BYTES = 32;
const MAX_SUITE_CHARS = 32;
const TYPES: readonly number[] = [IBTP_TYPE.interchain, IBTP_TYPE.receiptSuccess, IBTP_TYPE.receiptFailure];
const U64 = /^\d{1,20}$/u;

/** Which message's key is asked for, and the one-time box key of the operator who asks. */
type KeyQuestion = { readonly terms: MessageTerms; readonly receiver: Uint8Array };

const malformed = (why: string): CodedError => new CodedError("interaction.body.question", { why });

const decodeQuestion = (untrustedText: string): KeyQuestion => {
  try {
    const untrusted = decodeJson(untrustedText) as Readonly<Record<string, unknown>>;
    const text = (name: string): string => {
      const value = untrusted[name];
      if (typeof value !== "string") throw malformed(name);
      return value;
    };
    const number = (name: string): bigint => {
      if (!U64.test(text(name))) throw malformed(name);
      return BigInt(text(name));
    };
    const suite = text("suite");
    const type = Number(number("type"));
    if (suite.length > MAX_SUITE_CHARS || !TYPES.includes(type)) throw malformed("suite or type");
    const terms = {
      from: parseServiceId(text("from")), to: parseServiceId(text("to")), index: number("index"), type,
      suite, keyEpochFrom: number("keyEpochFrom"), keyEpochTo: number("keyEpochTo"), salt: fromHex(text("salt"), KEY_BYTES),
    };
    return { terms, receiver: fromHex(text("receiver"), KEY_BYTES) };
  } catch (cause) {
    if (cause instanceof CodedError && cause.code === "interaction.body.question") throw cause;
    throw new CodedError("interaction.body.question", { why: "not understood" }, { cause });
  }
};

const valueOf = <T>(result: Result<T>): T => {
  if (!result.ok) throw new CodedError(result.failure.code, result.failure.facts);
  return result.value;
};

/**
 * Answers "readBody": the key of one message, for the operator alone. It opens that body and no other, and is sealed to a box key that stood in the signed order,
 * so neither management nor the switch or launcher that carry it can read the body.
 * @throws interaction.body.question, .epoch, interaction.private.peer
 */
export const releaseKey = (crypto: Pick<Crypto, "sealTo">, cipher: Pick<MessageCipher, "keyOf">, untrustedArgument: string): { readonly id: string; readonly sealed: string } => {
  const { terms, receiver } = decodeQuestion(untrustedArgument);
  const key = valueOf(cipher.keyOf(terms));
  const sealed = toHex(crypto.sealTo(receiver, key));
  key.fill(0);
  return { id: ibtpId(parseServiceId(terms.from), parseServiceId(terms.to), terms.index), sealed };
};
