import { createECDH, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { CodedError } from "@crossguardian/kernel";
import { type FabricSettings } from "../settings.ts";
import { type ChannelIdentity } from "../identity.ts";
import { serializedIdentity } from "../protobuf-writer.ts";
import { lowSDer } from "../low-s-der.ts";

const NONCE_BYTES = 24;
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const CURVE = "prime256v1";

/** P-256 private key out of 32 bytes of a key slot: the bytes modulo the order less one, plus one (FIPS 186-5, A.2.1). */
export const keyFromSlot = (slotBytes: Uint8Array): KeyObject => {
  const scalar = (BigInt(`0x${Buffer.from(slotBytes).toString("hex")}`) % (ORDER - 1n)) + 1n;
  const d = Buffer.from(scalar.toString(16).padStart(64, "0"), "hex");
  const ecdh = createECDH(CURVE);
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey();
  const word = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
  return createPrivateKey({ key: { kty: "EC", crv: "P-256", d: word(d), x: word(point.subarray(1, 33)), y: word(point.subarray(33)) }, format: "jwk" });
};

/** Public key of {@link keyFromSlot} as PEM: what an organization's authority certifies. */
export const publicKeyPem = (slotBytes: Uint8Array): string => createPublicKey(keyFromSlot(slotBytes)).export({ type: "spki", format: "pem" }).toString();

/** Who a domain is on the channel: its certificate, and the key of its settings or of its slot, to which the certificate belongs. @throws fabric.config.identity */
export const makeIdentity = (settings: FabricSettings, slotBytes: Uint8Array | null): ChannelIdentity => {
  let key: KeyObject;
  try {
    if (settings.keyPem === "" && slotBytes === null) throw new Error("no key");
    key = settings.keyPem === "" && slotBytes !== null ? keyFromSlot(slotBytes) : createPrivateKey(settings.keyPem);
    if (!new X509Certificate(settings.certificatePem).checkPrivateKey(key)) throw new Error("the certificate is of another key");
  } catch {
    throw new CodedError("fabric.config.identity", { mspId: settings.mspId });
  }
  return {
    mspId: settings.mspId,
    certificate: new TextEncoder().encode(settings.certificatePem),
    serialized: serializedIdentity(settings.mspId, settings.certificatePem),
    sign: (message) => lowSDer(sign("sha256", message, { key, dsaEncoding: "ieee-p1363" })),
    nonce: () => new Uint8Array(randomBytes(NONCE_BYTES)),
  };
};
