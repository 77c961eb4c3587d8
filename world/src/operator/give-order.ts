import { randomBytes } from "node:crypto";

import { encodeOrder, encodeSignedOrder, orderSigningBytes } from "@crossguardian/access";
import { type Crypto } from "@crossguardian/crypto";
import { CodedError, type FailureCode, FAILURES, type Fact, toHex } from "@crossguardian/kernel";

import { askHouse } from "../house-process.ts";

/** An order for one house, and the key of the operator who gives it. */
export type OrderWish = {
  readonly runDir: string;
  /** The house's own instance name, `instance-house`. */
  readonly house: string;
  readonly operator: string;
  /** Ed25519 seed. */
  readonly key: Uint8Array;
  readonly action: string;
  /** Name of a domain; empty: the house. */
  readonly resource: string;
  readonly argument: string;
  readonly reason: string;
};

/** What management answered to an order it did. `why`: the rules that allowed it. */
export type OrderAnswer = { readonly why: string; readonly result: unknown };

const isCode = (untrusted: unknown): untrusted is FailureCode => typeof untrusted === "string" && Object.hasOwn(FAILURES, untrusted);

const factsOf = (untrusted: unknown): Record<string, Fact> =>
  typeof untrusted === "object" && untrusted !== null ? Object.fromEntries(Object.entries(untrusted).filter(([, fact]) => ["string", "number", "boolean"].includes(typeof fact)) as [string, Fact][]) : {};

const read = (untrustedText: string): OrderAnswer => {
  const answer = JSON.parse(untrustedText) as { readonly why?: unknown; readonly result?: unknown; readonly failure?: unknown };
  const { failure } = answer;
  if (failure === undefined) return { why: typeof answer.why === "string" ? answer.why : "", result: answer.result };
  const named = typeof failure === "object" && failure !== null && "code" in failure ? failure : { code: failure };
  if (!isCode(named.code)) throw new CodedError("cli.house.refused", { code: "unknown", says: untrustedText.slice(0, 200) });
  throw new CodedError(named.code, factsOf("facts" in named ? named.facts : {}));
};

/** Signs an order and has it done. @throws the code with which management refused it, cli.house.silent, cli.house.refused */
export const giveOrder = async (crypto: Pick<Crypto, "ed25519">, { runDir, key, ...wish }: OrderWish): Promise<OrderAnswer> => {
  const text = encodeOrder({ ...wish, atMs: Date.now(), nonce: toHex(randomBytes(16)) });
  const order = encodeSignedOrder({ text, signature: toHex(crypto.ed25519.sign(orderSigningBytes(text), key)) });
  return read((await askHouse<{ readonly answer: string }>(runDir, { cmd: "order", order })).answer);
};
