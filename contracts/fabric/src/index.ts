export { accountOfCertificate, accountOfKey } from "./account.ts";
export { type Call, type Service } from "./call.ts";
export { CHAINCODE_SERIALIZERS, chaincodeContracts } from "./chaincode.ts";
export { governedDigest, pauseDigest } from "./gateway/governed.ts";
export { type GatewayTerms, termsCodec } from "./gateway/terms.ts";
export { powers as chaincodePowers } from "./powers.ts";
export { MAX_AMOUNT } from "./services/vault.ts";

/** File that runs the chaincode as a service of its own. */
export const CHAINCODE_MAIN = new URL("main.ts", import.meta.url).pathname;
