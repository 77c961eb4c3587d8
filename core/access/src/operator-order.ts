import { utf8 } from "@crossguardian/kernel";

/** Longest argument of an order, in characters: a whole access document. */
export const MAX_ORDER_ARGUMENT_CHARS = 65_536;
/** Longest reason, in characters. */
export const MAX_REASON_CHARS = 400;
/** Longest signed order as text, in characters. */
export const MAX_SIGNED_ORDER_CHARS = 262_144;

/** What an operator wants done. */
export type OperatorOrder = {
  /** The house it is for, `instance-house`: an order is worth nothing in another one. */
  readonly house: string;
  readonly operator: string;
  readonly action: string;
  /** Name of a domain, or empty for the house. */
  readonly resource: string;
  readonly argument: string;
  /** Why, in the operator's words. */
  readonly reason: string;
  /** Wall time of signing. */
  readonly atMs: number;
  /** 16 random bytes in hexadecimal: an order is done once. */
  readonly nonce: string;
};

/** An order's text with its Ed25519 signature, both as they came. */
export type SignedOrder = { readonly text: string; readonly signature: string };

const DOMAIN = "crossguardian/operator-order/v1\n";

/** The order as text. */
export const encodeOrder = ({ house, operator, action, resource, argument, reason, atMs, nonce }: OperatorOrder): string =>
  JSON.stringify({ house, operator, action, resource, argument, reason, atMs, nonce });

/** What is signed of an order's text: nothing else that the key signs begins so. */
export const orderSigningBytes = (text: string): Uint8Array => utf8(DOMAIN + text);

/** A signed order as it travels and is kept. */
export const encodeSignedOrder = ({ text, signature }: SignedOrder): string => JSON.stringify({ text, signature });
