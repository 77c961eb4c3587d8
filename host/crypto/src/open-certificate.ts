import { type KeyObject, verify, X509Certificate } from "node:crypto";

/** An X.509 certificate with a P-256 key. */
export type OpenedCertificate = {
  /** Upper-case hexadecimal. */
  readonly serial: string;
  /** Seconds since 1970. */
  readonly notBeforeS: bigint;
  readonly notAfterS: bigint;
  readonly isAuthority: boolean;
  /** Organizational units of the subject. */
  readonly units: readonly string[];
  /** Public key as SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  readonly isIssuedBy: (authority: OpenedCertificate) => boolean;
  /** ECDSA over SHA-256 with a signature in DER; false for anything else. */
  readonly verify: (message: Uint8Array, signature: Uint8Array) => boolean;
};

const MS_PER_S = 1000;
const UNIT = "OU=";
const issuedBy = new WeakMap<OpenedCertificate, X509Certificate>();

const holds = (check: () => boolean): boolean => {
  try {
    return check();
  } catch {
    return false;
  }
};

const secondsOf = (date: Date): bigint => BigInt(Math.floor(date.getTime() / MS_PER_S));

const keyOf = (certificate: X509Certificate): KeyObject | null => {
  const { publicKey } = certificate;
  return publicKey.asymmetricKeyType === "ec" && publicKey.asymmetricKeyDetails?.namedCurve === "prime256v1" ? publicKey : null;
};

const read = (untrusted: Uint8Array): OpenedCertificate | null => {
  const certificate = new X509Certificate(untrusted);
  const key = keyOf(certificate);
  if (key === null) return null;
  const opened: OpenedCertificate = {
    serial: certificate.serialNumber,
    notBeforeS: secondsOf(certificate.validFromDate),
    notAfterS: secondsOf(certificate.validToDate),
    isAuthority: certificate.ca,
    units: certificate.subject.split("\n").flatMap((line) => (line.startsWith(UNIT) ? [line.slice(UNIT.length)] : [])),
    publicKey: new Uint8Array(key.export({ type: "spki", format: "der" })),
    isIssuedBy: (authority) => {
      const issuer = issuedBy.get(authority);
      return issuer !== undefined && holds(() => certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
    },
    verify: (message, signature) => holds(() => verify("sha256", message, key, signature)),
  };
  issuedBy.set(opened, certificate);
  return opened;
};

/** Opens a certificate in DER or PEM (RFC 5280, by OpenSSL); null when it is none, or its key is not on P-256. */
export const openCertificate = (untrusted: Uint8Array): OpenedCertificate | null => {
  try {
    return read(untrusted);
  } catch {
    return null;
  }
};
