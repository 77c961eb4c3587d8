import { CodedError, decodeJson } from "@crossguardian/kernel";

/** A request at the control socket, one JSON object per line. */
export type ControlRequest =
  | { readonly cmd: "domains" | "stop" | "freeze" | "thaw" }
  | { readonly cmd: "kill"; readonly name: string }
  | { readonly cmd: "order"; readonly order: string }
  | { readonly cmd: "ask"; readonly domain: string; readonly command: string; readonly argument: string };

/** Longest argument of a question, in characters. */
export const MAX_ARGUMENT_CHARS = 1_024;
/** Longest signed order, in characters; management decodes it. */
export const MAX_ORDER_CHARS = 262_144;

const malformed = (): CodedError => new CodedError("launch.control.malformed");

const asText = (untrusted: unknown, maxChars: number): string => {
  if (typeof untrusted !== "string" || untrusted.length > maxChars) throw malformed();
  return untrusted;
};

const parse = (untrustedLine: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = decodeJson(untrustedLine);
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>; // checked here; each field below
  } catch {
    throw malformed();
  }
  throw malformed();
};

/** Decodes a request. @throws launch.control.malformed */
export const decodeControlRequest = (untrustedLine: string): ControlRequest => {
  const { cmd, name, domain, command, argument, order } = parse(untrustedLine);
  switch (cmd) {
    case "domains":
    case "stop":
    case "freeze":
    case "thaw":
      return { cmd };
    case "order":
      return { cmd, order: asText(order, MAX_ORDER_CHARS) };
    case "kill":
      return { cmd, name: asText(name, 40) };
    case "ask":
      return { cmd, domain: asText(domain, 40), command: asText(command, 64), argument: asText(argument, MAX_ARGUMENT_CHARS) };
    default:
      throw malformed();
  }
};
