import { CodedError } from "@crossguardian/kernel";
import { portKind } from "./port-kinds.ts";
import { type PortFacts, type PortRate } from "./port.ts";

/** What the launcher orders; a port comes with its socket. */
export type LauncherOrder =
  | { readonly is: "policy"; readonly text: string; readonly cutsOff: boolean }
  | { readonly is: "port"; readonly facts: PortFacts }
  | { readonly is: "rate"; readonly number: number; readonly rate: PortRate | null }
  | { readonly is: "whitelist"; readonly on: boolean }
  | { readonly is: "gone"; readonly number: number }
  | { readonly is: "stats" };

const MAX_DOMAIN_PORT = 254;

const malformed = (what: string): CodedError => new CodedError("switch.order.malformed", { what });

const field = (message: object, name: string): unknown => Object.getOwnPropertyDescriptor(message, name)?.value;

const numberOf = (message: object, name = "number"): number => {
  const value = field(message, name);
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > MAX_DOMAIN_PORT) throw malformed(name);
  return value;
};

const epochOf = (message: object, name = "epoch"): bigint | null => {
  const value = field(message, name) ?? null;
  if (value === null) return null;
  const text = typeof value === "number" ? value.toString() : value;
  if (typeof text !== "string" || !/^\d{1,19}$/u.test(text)) throw malformed(name);
  return BigInt(text);
};

const perSecondIn = (rate: object, name: string): number | null => {
  const value = field(rate, name) ?? null;
  if (value !== null && (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1)) throw malformed(name);
  return value;
};

const rateOf = (message: object): PortRate | null => {
  const rate = field(message, "rate") ?? null;
  if (rate === null) return null;
  if (typeof rate !== "object") throw malformed("rate");
  return { framesPerS: perSecondIn(rate, "framesPerS"), bytesPerS: perSecondIn(rate, "bytesPerS") };
};

const factsOf = (message: object): PortFacts => {
  const name = field(message, "name");
  const kindName = field(message, "kind");
  const chain = field(message, "chain") ?? null;
  const kind = typeof kindName === "string" ? portKind(kindName) : null;
  const number = numberOf(message);
  if (typeof name !== "string" || name === "" || name.length > 90) throw malformed("name");
  if (chain !== null && typeof chain !== "string") throw malformed("chain");
  if (kind === null || (kind === "management") !== (number === 0)) throw malformed("kind");
  const isFirst = field(message, "isFirst");
  if (typeof isFirst !== "boolean") throw malformed("isFirst");
  return { number, name, kind, chain, role: numberOf(message, "role"), isFirst, epoch: epochOf(message), newest: epochOf(message, "newest"), rate: rateOf(message) };
};

/** Checks a message of the launcher's IPC channel. @throws switch.order.malformed */
export const decodeOrder = (message: unknown): LauncherOrder => {
  if (typeof message !== "object" || message === null) throw malformed("message");
  switch (field(message, "type")) {
    case "policy": {
      const text = field(message, "text");
      if (typeof text !== "string") throw malformed("text");
      const cutsOff = field(message, "cutsOff");
      if (typeof cutsOff !== "boolean") throw malformed("cutsOff");
      return { is: "policy", text, cutsOff };
    }
    case "port":
      return { is: "port", facts: factsOf(message) };
    case "rate":
      return { is: "rate", number: numberOf(message), rate: rateOf(message) };
    case "whitelist": {
      const on = field(message, "on");
      if (typeof on !== "boolean") throw malformed("on");
      return { is: "whitelist", on };
    }
    case "gone":
      return { is: "gone", number: numberOf(message) };
    case "stats":
      return { is: "stats" };
    default:
      throw malformed("type");
  }
};
