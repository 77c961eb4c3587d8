import { CodedError } from "@crossguardian/kernel";

/** Where an endpoint is or an intake listens. */
export type Address =
  | { readonly scheme: "tcp" | "tls"; readonly host: string; readonly port: number }
  | { readonly scheme: "unix"; readonly path: string };

const NETWORK = /^(?<scheme>tcp|tls):\/\/(?:\[(?<six>[0-9a-fA-F:.]{2,45})\]|(?<host>[A-Za-z0-9._-]{1,253})):(?<port>\d{1,5})$/u;
const MAX_UNIX_PATH_CHARS = 107; // sun_path, unix(7)

/** Reads tcp://host:port, tls://host:port, either with [v6], or unix:/path. @throws network.address.malformed */
export const parseAddress = (text: string): Address => {
  if (text.startsWith("unix:/") && text.length - "unix:".length <= MAX_UNIX_PATH_CHARS && !text.includes("\0")) {
    return { scheme: "unix", path: text.slice("unix:".length) };
  }
  const groups = NETWORK.exec(text)?.groups;
  const port = Number(groups?.["port"] ?? "0");
  const host = groups?.["six"] ?? groups?.["host"];
  if (groups === undefined || host === undefined || port < 1 || port > 65_535) {
    throw new CodedError("network.address.malformed");
  }
  return { scheme: groups["scheme"] === "tls" ? "tls" : "tcp", host, port };
};
