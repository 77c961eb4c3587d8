import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { type NotePowers } from "../src/index.ts";

const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

const privateObject = (seed: Uint8Array) => createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });

/** SHA-256 and Ed25519 of Node, for the tests of this package. */
export const powers: NotePowers = {
  sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
  ed25519: {
    sign: (message, seed) => new Uint8Array(sign(null, message, privateObject(seed))),
    verify: (message, signature, publicKey) =>
      verify(null, message, createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: "der", type: "spki" }), signature),
  },
};

/** Public key of a seed. */
export const publicOf = (seed: Uint8Array): Uint8Array =>
  new Uint8Array(createPublicKey(privateObject(seed)).export({ format: "der", type: "spki" })).slice(-32);
