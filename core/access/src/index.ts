export { type AccessChange, applyChange, applyChanges, CHANGE_ACTIONS, MAX_CHANGE_ORDERS } from "./access-change.ts";
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
export {
  type CredentialRules, encodeProfiles, FLOORS, type Level, LEVELS, MAX_PROFILE_SIGNATURES, MAX_PROFILES, MAX_PROFILES_CHARS, PROFILE_SUITES, type ProfileDocument, profilesDigest,
  type ProfileSuite, type SecurityProfile, type SecurityTerms, TLS_MINIMA, type TlsMinimum,
} from "./profile/security-profile.ts";
export { isAsStrict, stricterOf } from "./profile/stricter.ts";
export { type PairTerms, pairsOf } from "./profile/pairs.ts";
export { decodeProfiles } from "./profile/decode-profiles.ts";
export {
  checkProfiles, decodeSignedProfiles, PROFILES_IN_FORCE, encodeSignedProfiles, officersNeeded, type ProfileSignature, profilesSigningBytes, type SignedProfiles, signersOf,
} from "./profile/signed-profiles.ts";
export { isCredentialFit, unfitOperator } from "./profile/credentials.ts";
export { type ProfiledDomain, profileOf, requireCovered } from "./profile/profile-of.ts";
