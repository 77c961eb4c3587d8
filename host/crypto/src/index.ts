export { AEAD_SUITES, AEAD_TAG_BYTES, type Aead, type AeadSuite } from "./aead.ts";
export { type Ed25519 } from "./ed25519.ts";
export { makeCrypto, type Crypto } from "./make-crypto.ts";
export { openCertificate, type OpenedCertificate } from "./open-certificate.ts";
export { SEALED_BOX_OVERHEAD_BYTES, type SealedBox } from "./sealed-box.ts";
export { type X25519 } from "./x25519.ts";
