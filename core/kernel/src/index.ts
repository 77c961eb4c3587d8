export { compareBytes, concatBytes, equalBytes, fromHex, to0x, toHex, utf8 } from "./bytes.ts";
export { CHAIN_KIND, CHAIN_KIND_NAMES, chainKindName, type ChainKindName, type ChainKindNumber } from "./chain-kind.ts";
export {
  actionOf,
  CodedError,
  describeFailure,
  failure,
  type Fact,
  type Failure,
  type FailureAction,
} from "./failure.ts";
export { FAILURES, type FailureCode } from "./failures/index.ts";
export {
  chainOf,
  ibtpId,
  MAX_CHAIN_ID_CHARS,
  MAX_SERVICE_ID_CHARS,
  pairId,
  parseChainId,
  parseServiceId,
  type ChainId,
  type ServiceId,
} from "./ids.ts";
export { KEY_PURPOSES, keyLabel, type KeyLabel, type KeyPurpose } from "./key-label.ts";
export { MAX_JSON_DEPTH, decodeJson } from "./decode-json.ts";
export { decodeKeySlot, encodeKeySlot, ROOT_KEY_BYTES, ROTATED_KINDS, type RootKey } from "./key-slot.ts";
export {
  type Cancel,
  type Clock,
  type Hash,
  type Log,
  type Random,
  type Secp256k1,
} from "./ports.ts";
export { ok, refuse, type Result } from "./result.ts";
export { makeRetryWaits, type RetryWaits } from "./retry-waits.ts";
