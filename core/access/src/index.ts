export { type AccessChange, applyChange, CHANGE_ACTIONS, MAX_CHANGE_ORDERS } from "./access-change.ts";
export { decodeAccessChange, encodeAccessChange } from "./decode-access-change.ts";
export {
  type AccessDocument, accessDigest, encodeAccessDocument, MAX_DOCUMENT_CHARS, MAX_OPERATORS, MAX_POLICY_CHARS, MIN_OFFICERS, OFFICER, type Operator, type Role, ROLES,
} from "./access-document.ts";
export { checkOrder, type SignerKnown, type VerifySignature } from "./check-order.ts";
export { decodeAccessDocument } from "./decode-access-document.ts";
export { decodeSignedOrder } from "./decode-order.ts";
export {
  encodeOrder, encodeSignedOrder, MAX_ORDER_ARGUMENT_CHARS, MAX_REASON_CHARS, MAX_SIGNED_ORDER_CHARS, type OperatorOrder, orderSigningBytes, type SignedOrder,
} from "./operator-order.ts";
export { makeOrderTimes, MAX_REMEMBERED_ORDERS, ORDER_WINDOW_MS, type OrderTimes } from "./order-times.ts";
