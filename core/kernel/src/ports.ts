import { type Fact } from "./failure.ts";

/** Cancels what was scheduled; calling it again does nothing. */
export type Cancel = () => void;

/** Time as a capability; tests move it by hand. */
export type Clock = {
  /** Milliseconds since 1970, may jump. */
  readonly wallMs: () => number;
  /** Milliseconds since an arbitrary start, never goes back. */
  readonly monotonicMs: () => number;
  /** Calls `run` once after `delayMs`. */
  readonly after: (delayMs: number, run: () => void) => Cancel;
};

/** Event name plus primitive facts; the transfer id where there is one. */
export type Log = {
  readonly info: (event: string, facts?: Readonly<Record<string, Fact>>) => void;
  readonly warn: (event: string, facts?: Readonly<Record<string, Fact>>) => void;
  /** Something a person must see. */
  readonly alarm: (event: string, facts?: Readonly<Record<string, Fact>>) => void;
};

/** Source of randomness as a capability. */
export type Random = { readonly bytes: (length: number) => Uint8Array };

/** Hash of some bytes, 32 bytes. */
export type Hash = (bytes: Uint8Array) => Uint8Array;

/** Public-key operations on secp256k1, implemented by host/crypto. */
export type Secp256k1 = {
  /** 64 bytes r||s with low s, and the recovery bit, over a 32-byte digest. */
  readonly sign: (digest: Uint8Array, privateKey: Uint8Array) => { readonly signature: Uint8Array; readonly recovery: 0 | 1 };
  /** Signer's 20-byte address, or null for a signature that is invalid or has high s. */
  readonly recoverAddress: (digest: Uint8Array, signature: Uint8Array, recovery: number) => Uint8Array | null;
  /** 20-byte address of a private key. */
  readonly address: (privateKey: Uint8Array) => Uint8Array;
};
