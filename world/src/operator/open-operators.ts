import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type AccessDocument, encodeAccessDocument, type Role } from "@crossguardian/access";
import { type Crypto } from "@crossguardian/crypto";
import { toHex } from "@crossguardian/kernel";

/** Operators a world begins with, and the roles their keys have. */
export const FIRST_OPERATORS: readonly (readonly [name: string, role: Role])[] = [
  ["operator", "operator"],
  ["officer-1", "security-officer"],
  ["officer-2", "security-officer"],
  ["auditor", "auditor"],
  ["viewer", "viewer"],
];

/** Policy a house begins with; it comes with the management domain. */
export const FIRST_POLICY = fileURLToPath(new URL("../../../domains/management/policy/access.cedar", import.meta.url));

const OWNER_ONLY = 0o600;

/** The folder of the keys with which orders are signed. */
export const operatorKeys = (dataDir: string): string => join(dataDir, "keys", "access");

/** File of an operator's key: the 32-byte seed of Ed25519. */
export const operatorKeyPath = (dataDir: string, name: string): string => join(operatorKeys(dataDir), `${name}.key`);

const documentPath = (dataDir: string): string => join(dataDir, "access.json");

const makeKey = (crypto: Crypto, path: string): string => {
  if (!existsSync(path)) writeFileSync(path, crypto.random.bytes(32), { mode: OWNER_ONLY, flag: "wx" });
  return toHex(crypto.ed25519.keyPair(new Uint8Array(readFileSync(path))).publicKey);
};

/**
 * The access document a world was set up with. The first call makes it, with a key for each first operator; later ones make
 * nothing, because keys may have been moved to the people they belong to.
 */
export const openOperators = (crypto: Crypto, dataDir: string): { readonly document: string } => {
  const path = documentPath(dataDir);
  if (existsSync(path)) return { document: readFileSync(path, "utf8") };
  mkdirSync(operatorKeys(dataDir), { recursive: true, mode: 0o700 });
  const document: AccessDocument = {
    version: 0,
    operators: FIRST_OPERATORS.map(([name, role]) => ({
      name, publicKey: makeKey(crypto, operatorKeyPath(dataDir, name)), roles: [role], chains: [], expiresMs: null,
    })),
    policy: readFileSync(FIRST_POLICY, "utf8"),
  };
  writeFileSync(`${path}.new`, encodeAccessDocument(document), { mode: OWNER_ONLY, flush: true });
  renameSync(`${path}.new`, path);
  return { document: encodeAccessDocument(document) };
};
