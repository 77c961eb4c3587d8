import { createPublicKey, type KeyObject } from "node:crypto";
import { msp } from "@hyperledger/fabric-protos";
import { type Authority, type CertificateWish, issue, type Issued, makeAuthority, makeKey } from "./pki/certificates.ts";

/** Somebody of an organization, with a key. */
export type Member = {
  readonly mspId: string;
  readonly key: KeyObject;
  readonly certificate: Issued;
  /** msp.SerializedIdentity. */
  readonly identity: Uint8Array;
};

/** An organization with its certificate authority. */
export type Organization = {
  readonly mspId: string;
  readonly authority: Authority;
  readonly member: (commonName: string, unit: "client" | "peer" | "orderer" | "admin", wish?: Partial<CertificateWish> & { readonly key?: KeyObject }) => Member;
  /** A certificate for a key that stays where it is. */
  readonly enrol: (commonName: string, unit: "client", publicKey: KeyObject) => Issued;
};

/** msp.SerializedIdentity of a certificate. */
export const serializedIdentity = (mspId: string, certificatePem: string): Uint8Array => {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(certificatePem));
  return identity.serializeBinary();
};

/** Makes an organization; `authority` of an earlier one may be kept. */
export const makeOrganization = (mspId: string, authority: Authority = makeAuthority(`ca.${mspId}`)): Organization => ({
  mspId,
  authority,
  member: (commonName, unit, { key = makeKey(), ...wish } = {}) => {
    const certificate = issue(authority, { commonName, unit, publicKey: createPublicKey(key), ...wish });
    return { mspId, key, certificate, identity: serializedIdentity(mspId, certificate.pem) };
  },
  enrol: (commonName, unit, publicKey) => issue(authority, { commonName, unit, publicKey }),
});
