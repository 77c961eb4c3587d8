import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Crypto } from "@crossguardian/crypto";
import { compareBytes, keyLabel, ROOT_KEY_BYTES, type RootKey } from "@crossguardian/kernel";
import { openKeyStore } from "@crossguardian/launch";

/** Root keys by domain: files readable by root only, as they are or wrapped by a token; one per domain, never shared. */
export type KeySlots = {
  readonly pathOf: (owner: string) => string;
  /** The key the domain has from its next orderly start: a rotated one, where there is one. */
  readonly rootOf: (owner: string) => Uint8Array;
  /** Epoch of that key. */
  readonly epochOf: (owner: string) => bigint;
  /** Whether the slot is filled; nothing is made. */
  readonly has: (owner: string) => boolean;
};

/** Opens a folder of key slots; a slot that is missing is filled from the system's random source. Each use may throw token.*. */
export const openKeySlots = (folder: string): KeySlots => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const store = openKeyStore(folder);
  const pathOf = (owner: string): string => {
    const path = join(folder, `${owner}.key`);
    if (!existsSync(path)) writeFileSync(path, store.encode(path, { epoch: 1n, key: randomBytes(ROOT_KEY_BYTES) }), { mode: 0o600, flag: "wx" });
    return path;
  };
  const slotOf = (owner: string): RootKey => {
    const path = pathOf(owner);
    const rotated = `${path}.next`;
    return store.decode(path, new Uint8Array(readFileSync(existsSync(rotated) ? rotated : path)));
  };
  return {
    pathOf,
    rootOf: (owner) => slotOf(owner).key,
    epochOf: (owner) => slotOf(owner).epoch,
    has: (owner) => existsSync(join(folder, `${owner}.key`)),
  };
};

/** Public parts of a gateway's interaction domain. */
export const gatewayPublics = (
  crypto: Crypto,
  slots: KeySlots,
  owner: string,
): { readonly address: Uint8Array; readonly boxKey: Uint8Array; readonly keyEpoch: bigint } => {
  const root = slots.rootOf(owner);
  return {
    address: crypto.secp256k1.address(crypto.deriveKey(root, keyLabel("gateway-key"))),
    keyEpoch: slots.epochOf(owner),
    boxKey: crypto.x25519.publicKey(crypto.deriveKey(root, keyLabel("box-key"))),
  };
};

/** Address of a chain plugin's submitting account. */
export const accountAddress = (crypto: Crypto, slots: KeySlots, owner: string, chain: string): Uint8Array =>
  crypto.secp256k1.address(crypto.deriveKey(slots.rootOf(owner), keyLabel("account", chain)));

/** Address of a relay validator. */
export const validatorAddress = (crypto: Crypto, slots: KeySlots, owner: string): Uint8Array =>
  crypto.secp256k1.address(crypto.deriveKey(slots.rootOf(owner), keyLabel("validator-key")));

/** Signatures of 65 bytes over a digest, ascending by signer. */
export const signAscending = (
  crypto: Crypto,
  digest: Uint8Array,
  privateKeys: readonly Uint8Array[],
): readonly Uint8Array[] =>
  [...privateKeys]
    .sort((left, right) => compareBytes(crypto.secp256k1.address(left), crypto.secp256k1.address(right)))
    .map((key) => {
      const { signature, recovery } = crypto.secp256k1.sign(digest, key);
      const full = new Uint8Array(65);
      full.set(signature);
      full[64] = 27 + recovery;
      return full;
    });
