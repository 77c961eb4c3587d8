import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { toHex, utf8 } from "@crossguardian/kernel";
import { type AccessDocument, encodeOrder, encodeSignedOrder, type OperatorOrder, orderSigningBytes, type ProfileSignature, profilesSigningBytes, type Role, type VerifySignature } from "../src/index.ts";

const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

/** SHA-256 of Node. */
export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
const seedOf = (name: string): Uint8Array => sha256(utf8(`seed of ${name}`));
const privateObject = (name: string) => createPrivateKey({ key: Buffer.concat([PKCS8, seedOf(name)]), format: "der", type: "pkcs8" });

/** Public key of a named test operator. */
export const publicKeyOf = (name: string): string => toHex(new Uint8Array(createPublicKey(privateObject(name)).export({ format: "der", type: "spki" })).slice(-32));

/** Ed25519 of Node. */
export const verifySignature: VerifySignature = (message, signature, publicKey) =>
  verify(null, message, createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: "der", type: "spki" }), signature);

/** House of the tests. */
export const HOUSE = "demo-gateway-a";

/** A document with these operators. */
export const documentOf = (operators: Readonly<Record<string, Role>>, more: Partial<AccessDocument> = {}): AccessDocument => ({
  version: 0,
  operators: Object.entries(operators).map(([name, role]) => ({ name, publicKey: publicKeyOf(name), roles: [role], chains: [], expiresMs: null })),
  policy: "permit (principal, action, resource);",
  ...more,
});

/** The first document of most tests. */
export const FIRST = documentOf({ ann: "operator", olga: "security-officer", otto: "security-officer", oda: "security-officer", al: "auditor" });

let nonces = 0;

/** A signed order; `signer` may differ from whom it names. */
export const orderOf = (more: Partial<OperatorOrder> = {}, signer = more.operator ?? "ann"): string => {
  nonces += 1;
  const text = encodeOrder({ house: HOUSE, operator: "ann", action: "restart", resource: "plugin-a", argument: "", reason: "test", atMs: 1_000, nonce: toHex(sha256(utf8(String(nonces))).slice(0, 16)), ...more });
  return encodeSignedOrder({ text, signature: toHex(new Uint8Array(sign(null, orderSigningBytes(text), privateObject(signer)))) });
};

/** An officer's signature of profiles; `signer` may differ from whom it names. */
export const profileSignatureOf = (text: string, officer: string, signer = officer): ProfileSignature =>
  ({ officer, signature: toHex(new Uint8Array(sign(null, profilesSigningBytes(text), privateObject(signer)))) });
