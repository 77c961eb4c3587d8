import { type Context } from "fabric-contract-api";
import { fromHex } from "@crossguardian/kernel";
import { type Codec, decodeMessage, fabricTogether, MESSAGES, type Message } from "@crossguardian/wire";
import { demand, Refusal } from "../refusal.ts";

const MAX_HEX_BYTES = 64 * 1024;

/** Bytes from hexadecimal digits; `length` bytes when it is given. @throws Refusal ArgumentsInvalid */
export const bytesArg = (text: string, length?: number): Uint8Array => {
  demand(/^([0-9a-f]{2})*$/u.test(text) && text.length <= 2 * MAX_HEX_BYTES, "ArgumentsInvalid");
  const bytes = fromHex(text);
  demand(length === undefined || bytes.length === length, "ArgumentsInvalid");
  return bytes;
};

/** A number from decimal digits, below 2^256. @throws Refusal ArgumentsInvalid */
export const numberArg = (text: string): bigint => {
  demand(/^[0-9]{1,77}$/u.test(text), "ArgumentsInvalid");
  return BigInt(text);
};

/** A JSON list of texts. @throws Refusal ArgumentsInvalid */
export const textsArg = (text: string): readonly string[] => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal("ArgumentsInvalid");
  }
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) throw new Refusal("ArgumentsInvalid");
  return value;
};

const decodeArg = <T>(codec: Codec<T>, untrusted: Uint8Array): T => {
  const decoded = decodeMessage(codec, untrusted);
  if (!decoded.ok) throw new Refusal("ArgumentsInvalid");
  return decoded.value;
};

/** fabric-shim's stub has the arguments as bytes; the declared interface has not. */
type WithBytes = { readonly getBufferArgs: () => readonly Uint8Array[] };

const rawArg = ({ stub }: Context): Uint8Array => {
  const [, untrusted] = (stub as unknown as WithBytes).getBufferArgs();
  return untrusted ?? new Uint8Array(0);
};

/** A submission as the plugin passes it on: the message `submit` of core/wire, as it is. @throws Refusal ArgumentsInvalid */
export const submissionArg = (ctx: Context): Message<"submit"> => openSubmission(rawArg(ctx));

/** A submission out of its bytes. @throws Refusal ArgumentsInvalid */
export const openSubmission = (untrusted: Uint8Array): Message<"submit"> => decodeArg<Message<"submit">>(MESSAGES.submit.codec, untrusted);

/** Several of them, not opened yet. @throws Refusal ArgumentsInvalid */
export const submissionsArg = (ctx: Context): readonly Uint8Array[] => decodeArg<readonly Uint8Array[]>(fabricTogether, rawArg(ctx));
