import { createPublicKey, type KeyObject, sign } from "node:crypto";

const SIGNATURE_ALGORITHM = "06082a8648ce3d040302"; // ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758)
const COMMON_NAME = "0603550403"; // 2.5.4.3
const UNIT = "060355040b"; // 2.5.4.11
const LINE_CHARS = 64;

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Uint8Array.of(tag, content.length), content]);
  const length = content.length < 0x100 ? Uint8Array.of(0x81, content.length) : Uint8Array.of(0x82, content.length >> 8, content.length & 0xff);
  return Buffer.concat([Uint8Array.of(tag), length, content]);
};
const sequence = (...parts: readonly Uint8Array[]): Uint8Array => tlv(0x30, ...parts);
const named = (id: string, text: string): Uint8Array => tlv(0x31, sequence(Buffer.from(id, "hex"), tlv(0x0c, Buffer.from(text))));

/**
 * A certificate request (PKCS#10, RFC 2986) for a P-256 key: subject with organizational unit client, as Fabric's NodeOUs name it, and a common
 * name. Its signature shows to the authority that whoever asks has the key.
 */
export const certificateRequest = (key: KeyObject, commonName: string): string => {
  const info = sequence(
    Uint8Array.of(0x02, 0x01, 0x00), // version 0
    sequence(named(UNIT, "client"), named(COMMON_NAME, commonName)),
    createPublicKey(key).export({ type: "spki", format: "der" }),
    tlv(0xa0),
  );
  const der = sequence(info, sequence(Buffer.from(SIGNATURE_ALGORITHM, "hex")), tlv(0x03, Uint8Array.of(0), sign("sha256", info, key)));
  const lines = Buffer.from(der).toString("base64").match(new RegExp(`.{1,${LINE_CHARS}}`, "gu")) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`;
};
