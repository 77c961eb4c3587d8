import { randomBytes } from "node:crypto";
import { type Hash, type Random, type Secp256k1, type KeyLabel } from "@crossguardian/kernel";
import { aead, type Aead } from "./aead.ts";
import { asBytes, deriveKey, sha256 } from "./digest.ts";
import { ed25519, type Ed25519 } from "./ed25519.ts";
import { makeKeccak256 } from "./keccak.ts";
import { openCertificate, type OpenedCertificate } from "./open-certificate.ts";
import { makeSealedBox, type SealedBox } from "./sealed-box.ts";
import { makeSecp256k1 } from "./secp256k1.ts";
import { x25519, type X25519 } from "./x25519.ts";

/** The cryptography a domain borrows; all calls are synchronous. */
export type Crypto = SealedBox & {
  readonly keccak256: Hash;
  readonly sha256: Hash;
  readonly secp256k1: Secp256k1;
  readonly deriveKey: (root: Uint8Array, label: KeyLabel) => Uint8Array;
  readonly x25519: X25519;
  readonly aead: Aead;
  readonly ed25519: Ed25519;
  readonly random: Random;
  readonly openCertificate: (untrusted: Uint8Array) => OpenedCertificate | null;
};

/** Loads the native and WebAssembly parts once. */
export const makeCrypto = async (): Promise<Crypto> => {
  const keccak256 = await makeKeccak256();
  const random: Random = { bytes: (length) => asBytes(randomBytes(length)) };
  return {
    keccak256,
    sha256,
    secp256k1: makeSecp256k1(keccak256),
    deriveKey,
    x25519,
    aead,
    ed25519,
    random,
    openCertificate,
    ...makeSealedBox(random),
  };
};
