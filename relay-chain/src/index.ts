export { prepareValidatorVolume, UNUSED_KEY_FILE } from "./adapters/open-logs.ts";
export { runArchive, type RunningArchive } from "./adapters/run-archive.ts";
export { ORDERER_KEY_LABEL, runOrderer, type OrdererHost, type RunningOrderer } from "./adapters/run-orderer.ts";
export { runValidator, VALIDATOR_KEY_LABEL, type RunningValidator, type ValidatorHost } from "./adapters/run-validator.ts";
export { makeStreamLink } from "./adapters/stream-link.ts";
export { helloDigest, NO_SIGNATURE, ROLE } from "./link/hello.ts";
export { type Link, type LinkEvents, type LinkHandlers } from "./link/link.ts";
export { serveSigner } from "./signer/serve-signer.ts";
export { makeSigner, type Signer } from "./signer/signer.ts";
