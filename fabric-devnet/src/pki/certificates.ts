import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { bitString, integer, objectId, octetString, pem, sequence, set, time, tlv, utf8String, yes } from "./der.ts";

/** Something that issues certificates. */
export type Authority = { readonly name: string; readonly key: KeyObject; readonly der: Uint8Array; readonly pem: string };

/** A certificate with its key, when the key is ours. */
export type Issued = { readonly der: Uint8Array; readonly pem: string; readonly serial: Uint8Array };

/** What a certificate says. */
export type CertificateWish = {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly unit?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** For TLS servers. */
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
};

const DAY_MS = 86_400_000;
const SIGNATURE_ALGORITHM = sequence(objectId("1.2.840.10045.4.3.2")); // ecdsa-with-SHA256 (RFC 5758)

const nameOf = (commonName: string, unit = ""): Uint8Array => {
  const part = (id: string, text: string): Uint8Array => set(sequence(objectId(id), utf8String(text)));
  return sequence(...(unit === "" ? [] : [part("2.5.4.11", unit)]), part("2.5.4.3", commonName));
};

const extension = (id: string, isCritical: boolean, content: Uint8Array): Uint8Array =>
  sequence(objectId(id), ...(isCritical ? [yes()] : []), octetString(content));

const alternativeNames = ({ dnsNames = [], addresses = [] }: CertificateWish): readonly Uint8Array[] => {
  if (dnsNames.length + addresses.length === 0) return [];
  const names = [
    ...dnsNames.map((each) => tlv(0x82, Buffer.from(each))),
    ...addresses.map((each) => tlv(0x87, Uint8Array.from(each.split(".").map(Number)))),
  ];
  return [extension("2.5.29.17", false, sequence(...names))];
};

const certificate = (wish: CertificateWish, issuer: { readonly name: string; readonly key: KeyObject }, isAuthority: boolean): Issued => {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 1;
  const now = Date.now();
  const usage = isAuthority ? Uint8Array.of(0x03, 0x02, 0x01, 0x06) : Uint8Array.of(0x03, 0x02, 0x07, 0x80);
  const tbs = sequence(
    tlv(0xa0, integer(Uint8Array.of(2))),
    integer(serial),
    SIGNATURE_ALGORITHM,
    nameOf(issuer.name),
    sequence(time(wish.notBefore ?? new Date(now - DAY_MS)), time(wish.notAfter ?? new Date(now + 3650 * DAY_MS))),
    nameOf(wish.commonName, wish.unit),
    wish.publicKey.export({ type: "spki", format: "der" }),
    tlv(
      0xa3,
      sequence(
        extension("2.5.29.19", true, isAuthority ? sequence(yes()) : sequence()),
        extension("2.5.29.15", true, usage),
        ...alternativeNames(wish),
      ),
    ),
  );
  const der = sequence(tbs, SIGNATURE_ALGORITHM, bitString(sign("sha256", tbs, issuer.key)));
  return { der, pem: pem("CERTIFICATE", der), serial };
};

/** A fresh P-256 key. */
export const makeKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;

/** Makes a self-signed authority. */
export const makeAuthority = (name: string): Authority => {
  const key = makeKey();
  const { der, pem: text } = certificate({ commonName: name, publicKey: createPublicKey(key) }, { name, key }, true);
  return { name, key, der, pem: text };
};

/** Issues a certificate. */
export const issue = (authority: Authority, wish: CertificateWish): Issued => certificate(wish, authority, false);

/** A revocation list (RFC 5280, section 5.1) of these serials. */
export const revoke = (authority: Authority, serials: readonly Uint8Array[]): Uint8Array => {
  const now = new Date();
  const entries = serials.map((each) => sequence(integer(each), time(now)));
  const tbs = sequence(integer(Uint8Array.of(1)), SIGNATURE_ALGORITHM, nameOf(authority.name), time(now), ...(entries.length === 0 ? [] : [sequence(...entries)]));
  return sequence(tbs, SIGNATURE_ALGORITHM, bitString(sign("sha256", tbs, authority.key)));
};

/** Private key as PKCS#8 text, for a TLS server. */
export const keyPem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
/** Opens what {@link keyPem} made. */
export const openKey = (text: string): KeyObject => createPrivateKey(text);
