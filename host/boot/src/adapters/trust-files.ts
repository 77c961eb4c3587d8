import { CodedError } from "@crossguardian/kernel";
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const PRIVATE_KEY = "seal-key.pem";
const PUBLIC_KEY = "public-key.pem";
const MANIFEST = "manifest.json";
const SIGNATURE = "manifest.sig";

const OTHERS_ANY = 0o077;
const OTHERS_WRITE = 0o022;

const readOrNull = (path: string): Buffer | null => {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
};

const refuseShared = (path: string, forbiddenBits: number): void => {
  const { mode, uid } = statSync(path);
  const own = process.getuid?.() ?? 0;
  if ((mode & forbiddenBits) !== 0 || (uid !== 0 && uid !== own)) {
    throw new CodedError("boot.key.unsafe", { path, mode: (mode & 0o7777).toString(8), uid });
  }
};

const replace = (path: string, contents: string | Uint8Array, mode: number): void => {
  writeFileSync(`${path}.new`, contents, { mode, flush: true });
  renameSync(`${path}.new`, path);
};

const sealingKey = (trustDir: string): KeyObject => {
  const path = join(trustDir, PRIVATE_KEY);
  const stored = readOrNull(path);
  if (stored !== null) {
    refuseShared(path, OTHERS_ANY);
    return createPrivateKey(stored);
  }
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  replace(path, privateKey.export({ type: "pkcs8", format: "pem" }), 0o600);
  replace(join(trustDir, PUBLIC_KEY), publicKey.export({ type: "spki", format: "pem" }), 0o644);
  return privateKey;
};

/** Signs a manifest with the key under `trustDir`, which is made at the first time, and stores both. */
export const storeSigned = (trustDir: string, manifestText: string): void => {
  mkdirSync(trustDir, { recursive: true, mode: 0o700 });
  refuseShared(trustDir, OTHERS_WRITE);
  const signature = sign(null, Buffer.from(manifestText), sealingKey(trustDir));
  replace(join(trustDir, MANIFEST), manifestText, 0o644);
  replace(join(trustDir, SIGNATURE), signature.toString("base64"), 0o644);
};

/**
 * The manifest text whose signature the pinned key made.
 * @param publicKeyFile another key to trust, as for a release; default: the one made at set-up
 * @throws boot.manifest.missing, boot.manifest.signature, boot.key.unsafe
 */
export const readSigned = (trustDir: string, publicKeyFile = join(trustDir, PUBLIC_KEY)): string => {
  const [text, untrustedSignature, key] = [join(trustDir, MANIFEST), join(trustDir, SIGNATURE), publicKeyFile].map(readOrNull);
  if (text == null || untrustedSignature == null || key == null) {
    throw new CodedError("boot.manifest.missing", { path: join(trustDir, MANIFEST) });
  }
  for (const path of [trustDir, dirname(publicKeyFile), publicKeyFile]) refuseShared(path, OTHERS_WRITE);
  const signature = Buffer.from(untrustedSignature.toString("latin1"), "base64");
  if (!verify(null, text, createPublicKey(key), signature)) {
    throw new CodedError("boot.manifest.signature", { path: join(trustDir, MANIFEST) });
  }
  return text.toString("utf8");
};
