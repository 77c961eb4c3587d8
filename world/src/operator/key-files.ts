import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { CodedError, fromHex, to0x } from "@crossguardian/kernel";
import { openKeySlots } from "../key-slots.ts";
import { GOVERNANCE_KEY, GOVERNORS } from "../open-world.ts";
import { type OperatorPowers } from "./plan-world.ts";
import { type Hex } from "viem";

const KEY_BYTES = 32;
const MAX_KEY_FILE_BYTES = 1_024;
const HEX_KEY = /^(0x)?[0-9a-f]{64}$/iu;
const OTHERS_MAY_READ = 0o077;

const readSecret = (path: string): Uint8Array => {
  let bytes: Uint8Array;
  try {
    const { size, mode } = statSync(path);
    if (size > MAX_KEY_FILE_BYTES) throw new CodedError("cli.key.malformed", { path });
    if ((mode & OTHERS_MAY_READ) !== 0) throw new CodedError("cli.key.exposed", { path, fix: `chmod 600 ${path}` });
    bytes = new Uint8Array(readFileSync(path));
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError("cli.key.missing", { path }, { cause });
  }
  if (bytes.length === KEY_BYTES) return bytes;
  const text = new TextDecoder().decode(bytes).trim();
  if (!HEX_KEY.test(text)) throw new CodedError("cli.key.malformed", { path });
  return fromHex(text, KEY_BYTES);
};

/** The private key of an account: a file of 32 bytes, or of 64 hexadecimal digits, that only its owner can read. @throws cli.key.* */
export const readAccountKey = (path: string): Hex => to0x(readSecret(path));

/**
 * Governance keys: the files named, or those that are still in the key folder; only as many as must sign.
 * Errors: cli.key.missing, .malformed, .exposed, .foreign, cli.governor.few, token.*.
 */
export const readGovernorKeys = (
  powers: OperatorPowers,
  options: { readonly files: readonly string[]; readonly dataDir: string; readonly governors: readonly Uint8Array[]; readonly threshold: number },
): readonly Uint8Array[] => {
  const folder = join(options.dataDir, "keys");
  const slots = openKeySlots(folder);
  const kept = Array.from({ length: GOVERNORS }, (_, at) => `governor-${at + 1}`).filter(slots.has);
  const roots = options.files.length > 0
    ? options.files.map((path) => ({ path, root: readSecret(path) }))
    : kept.map((owner) => ({ path: join(folder, `${owner}.key`), root: slots.rootOf(owner) }));
  const known = new Set(options.governors.map((each) => to0x(each)));
  const keys = new Map<string, Uint8Array>();
  for (const { path, root } of roots) {
    const key = powers.crypto.deriveKey(root, GOVERNANCE_KEY);
    const address = to0x(powers.crypto.secp256k1.address(key));
    if (!known.has(address)) throw new CodedError("cli.key.foreign", { path, address });
    keys.set(address, key);
  }
  if (keys.size < options.threshold) throw new CodedError("cli.governor.few", { found: keys.size, needed: options.threshold });
  return [...keys.values()].slice(0, options.threshold);
};
