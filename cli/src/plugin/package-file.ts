import { type Crypto } from "@crossguardian/crypto";
import { CodedError, decodeJson, fromHex, toHex, utf8 } from "@crossguardian/kernel";

import { checkPlugin, type PluginFile, type PluginSource } from "./read-plugin.ts";

/** Largest package, in bytes. */
export const MAX_PACKAGE_BYTES = 4 * 1024 * 1024;
const FORMAT = "CrossGuardian.plugin.v1";
const PUBLIC_KEY = /^[0-9a-f]{64}$/u;
const SIGNATURE = /^[0-9a-f]{128}$/u;

/** A package whose signature holds. */
export type OpenedPackage = PluginSource & { readonly publisher: string };

const refused = (why: string): CodedError => new CodedError("plugin.package.refused", { why });

/** The bytes that are signed: the format's name, then the first line as it stands in the file. */
const signedBytes = (line: string): Uint8Array => utf8(`${FORMAT}\n${line}`);

/** Two lines: the files as JSON, then the publisher's public key and signature over the first line. */
export const encodePackage = (ed25519: Crypto["ed25519"], source: PluginSource, seed: Uint8Array): string => {
  const { privateKey, publicKey } = ed25519.keyPair(seed);
  const line = JSON.stringify({ format: FORMAT, files: source.files });
  return `${line}\n${JSON.stringify({ publisher: toHex(publicKey), signature: toHex(ed25519.sign(signedBytes(line), privateKey)) })}\n`;
};

const parse = (untrustedText: string, what: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = decodeJson(untrustedText);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>; // a plain object, checked here
  } catch (cause) {
    throw new CodedError("plugin.package.refused", { why: what }, { cause });
  }
  throw refused(what);
};

const decodeFiles = (untrusted: unknown): readonly PluginFile[] => {
  if (!Array.isArray(untrusted)) throw refused("files");
  return untrusted.map((each: unknown) => {
    const { path, text } = (typeof each === "object" && each !== null ? each : {}) as { readonly path?: unknown; readonly text?: unknown }; // both are checked here
    if (typeof path !== "string" || typeof text !== "string") throw refused("files");
    return { path, text };
  });
};

/** Opens a package: the signature first, then what it holds. @throws plugin.package.refused, plugin.package.stranger, plugin.manifest.refused */
export const openPackage = (ed25519: Crypto["ed25519"], untrustedText: string, publisher: string): OpenedPackage => {
  if (untrustedText.length > MAX_PACKAGE_BYTES) throw refused("size");
  const [line = "", seal = "", ...rest] = untrustedText.split("\n");
  if (rest.join("") !== "") throw refused("lines");
  const { publisher: by, signature } = parse(seal, "seal");
  if (typeof by !== "string" || !PUBLIC_KEY.test(by) || typeof signature !== "string" || !SIGNATURE.test(signature)) throw refused("seal");
  if (by !== publisher) throw new CodedError("plugin.package.stranger", { publisher: by, wanted: publisher });
  if (!ed25519.verify(signedBytes(line), fromHex(signature), fromHex(by))) throw refused("signature");
  const content = parse(line, "content");
  if (content["format"] !== FORMAT) throw refused("format");
  return { ...checkPlugin(decodeFiles(content["files"])), publisher: by };
};
