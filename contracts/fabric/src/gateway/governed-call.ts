import { fromHex } from "@crossguardian/kernel";
import { Refusal } from "../refusal.ts";

type PairOf<D extends string> = { readonly do: D; readonly from: Uint8Array; readonly to: Uint8Array };

/** What governance may do; the twins of Registry.sol and Governed.sol. */
export type GovernedCall =
  | { readonly do: "registerLocalService"; readonly id: string; readonly name: string; readonly ordered: boolean; readonly asset: boolean }
  | { readonly do: "registerRemoteService"; readonly id: string; readonly chain: Uint8Array; readonly contract: Uint8Array }
  | PairOf<"allowPair">
  | PairOf<"unfreezePair">
  | { readonly do: "closeChain"; readonly chain: Uint8Array }
  | { readonly do: "unpause" };

const word = (value: unknown): Uint8Array => {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/u.test(value)) throw new Refusal("ArgumentsInvalid");
  return fromHex(value);
};

const text = (value: unknown): string => {
  if (typeof value !== "string") throw new Refusal("ArgumentsInvalid");
  return value;
};

const parse = (untrusted: string): readonly unknown[] => {
  try {
    const value: unknown = JSON.parse(untrusted);
    if (Array.isArray(value)) return value;
  } catch {
    // told below
  }
  throw new Refusal("ArgumentsInvalid");
};

/** Reads a call: a JSON list of its name and arguments, words as 64 hexadecimal digits. @throws Refusal ArgumentsInvalid */
export const decodeGovernedCall = (untrusted: string): GovernedCall => {
  const [name, first, second, third, fourth, ...rest] = parse(untrusted);
  if (rest.length > 0) throw new Refusal("ArgumentsInvalid");
  switch (name) {
    case "registerLocalService":
      return { do: name, id: text(first), name: text(second), ordered: third === true, asset: fourth === true };
    case "registerRemoteService":
      return { do: name, id: text(first), chain: word(second), contract: word(third) };
    case "allowPair":
    case "unfreezePair":
      return { do: name, from: word(first), to: word(second) };
    case "closeChain":
      return { do: name, chain: word(first) };
    case "unpause":
      return { do: name };
    default:
      throw new Refusal("ArgumentsInvalid");
  }
};
