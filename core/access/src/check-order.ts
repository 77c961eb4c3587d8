import { failure, fromHex, ok, refuse, type Result } from "@crossguardian/kernel";
import { type AccessDocument, type Operator } from "./access-document.ts";
import { decodeSignedOrder } from "./decode-order.ts";
import { type OperatorOrder, orderSigningBytes, type SignedOrder } from "./operator-order.ts";

/** Checks an Ed25519 signature. */
export type VerifySignature = (message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;

/** An order whose signer is known. Whether it is in time and new is judged apart. */
export type SignerKnown = { readonly order: OperatorOrder; readonly signed: SignedOrder; readonly operator: Operator };

/**
 * Checks whose order it is, in this order: form, house, operator, signature.
 * Errors: access.order.malformed, access.order.house, access.order.stranger, access.order.signature
 */
export const checkOrder = (verify: VerifySignature, house: string, document: AccessDocument, untrustedText: string): Result<SignerKnown> => {
  const decoded = decodeSignedOrder(untrustedText);
  if (!decoded.ok) return decoded;
  const { order, signed } = decoded.value;
  if (order.house !== house) return refuse(failure("access.order.house", { house: order.house }));
  const operator = document.operators.find(({ name }) => name === order.operator);
  if (operator === undefined) return refuse(failure("access.order.stranger", { operator: order.operator }));
  const isSigned = verify(orderSigningBytes(signed.text), fromHex(signed.signature, 64), fromHex(operator.publicKey, 32));
  return isSigned ? ok({ order, signed, operator }) : refuse(failure("access.order.signature", { operator: operator.name }));
};
