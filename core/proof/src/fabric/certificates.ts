import { CodedError } from "@crossguardian/kernel";
import { DER_BIT_STRING, DER_INTEGER, DER_SEQUENCE, readDer, readDerSequence } from "./der.ts";

/** An X.509 certificate with a P-256 key, as host/crypto opens it. */
export type X509Certificate = {
  /** Upper-case hexadecimal. */
  readonly serial: string;
  readonly notBeforeS: bigint;
  readonly notAfterS: bigint;
  readonly isAuthority: boolean;
  /** Organizational units of the subject. */
  readonly units: readonly string[];
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  /** Whether this one names `authority` as its issuer and is signed by its key. */
  readonly isIssuedBy: (authority: X509Certificate) => boolean;
  /** ECDSA over SHA-256, signature in DER; false for anything that is not that. */
  readonly verify: (message: Uint8Array, signature: Uint8Array) => boolean;
};

/** Opens a certificate in DER or PEM; null when it is none, or its key is not on P-256. */
export type OpenCertificate = (untrusted: Uint8Array) => X509Certificate | null;

const MAX_REVOKED = 65_536;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

const malformed = (why: string): CodedError => new CodedError("proof.fabric.malformed", { what: "revocation list", why });

/**
 * Serials (upper-case hexadecimal) that a revocation list names (RFC 5280, section 5.1), after its signature by one of
 * the authorities was checked. Its own dates are not: a registered list counts until governance registers another.
 * @throws proof.fabric.malformed
 */
export const revokedSerials = (list: Uint8Array, authorities: readonly X509Certificate[]): readonly string[] => {
  const [tbs, , signature] = readDerSequence(list, 3);
  if (tbs?.tag !== DER_SEQUENCE || signature?.tag !== DER_BIT_STRING) throw malformed("form");
  if (!authorities.some((each) => each.verify(tbs.whole, signature.content.subarray(1)))) throw malformed("signature");
  const fields = readDer(tbs.content, 16);
  const times = fields.flatMap(({ tag }, at) => (tag === UTC_TIME || tag === GENERALIZED_TIME ? [at] : []));
  const revoked = fields[(times.at(-1) ?? fields.length) + 1];
  if (revoked?.tag !== DER_SEQUENCE) return [];
  return readDer(revoked.content, MAX_REVOKED).map((entry) => {
    const [serial] = readDer(entry.content, 3);
    if (serial?.tag !== DER_INTEGER) throw malformed("serial");
    const bytes = serial.content[0] === 0 && serial.content.length > 1 ? serial.content.subarray(1) : serial.content;
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
  });
};
