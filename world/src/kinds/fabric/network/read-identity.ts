import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

import { CodedError } from "@crossguardian/kernel";

import { type IdentityFiles } from "./fabric-network.ts";
import { badFile, type NamedFile, readNamed, readSecretNamed } from "./read-file.ts";

/** Who signs on a channel. `keyPem` is empty where the key stays in a slot. */
export type Identity = { readonly mspId: string; readonly certificatePem: string; readonly keyPem: string };

/** Whether a certificate is issued by an organization that is pinned. */
export type IsMember = (mspId: string, certificatePem: string) => boolean;

const decoder = new TextDecoder();

const identityError = (file: NamedFile, wanted: string): CodedError => new CodedError("config.fabric.identity", { ...file, wanted });

/** A certificate for a P-256 key, within its time, of a pinned organization. @throws config.fabric.file, config.fabric.identity */
export const readCertificate = (file: NamedFile, mspId: string, isMember: IsMember, nowMs: number): { readonly pem: string; readonly certificate: X509Certificate } => {
  const text = decoder.decode(readNamed(file));
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(text);
  } catch (cause) {
    throw badFile(file, "a certificate, PEM", cause);
  }
  if (certificate.publicKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw identityError(file, "a key on P-256, as Fabric's authorities make them");
  if (nowMs > certificate.validToDate.getTime()) throw identityError(file, `a certificate that is valid now; it ended ${certificate.validToDate.toISOString()}: enrol again`);
  if (nowMs < certificate.validFromDate.getTime()) throw identityError(file, `a certificate that is valid now; it begins ${certificate.validFromDate.toISOString()}`);
  const pem = certificate.toString();
  if (!isMember(mspId, pem)) throw identityError(file, `a member of ${mspId}, issued by one of its authorities in the configuration`);
  return { pem, certificate };
};

const readKey = (file: NamedFile): KeyObject => {
  try {
    return createPrivateKey(decoder.decode(readSecretNamed(file)));
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw badFile(file, "a private key without a passphrase, PEM", cause);
  }
};

/** An identity out of its files. @throws config.fabric.file, .exposed, .identity */
export const readIdentity = (field: string, files: IdentityFiles, mspId: string, isMember: IsMember, nowMs: number): Identity => {
  const key = { field: `${field}.key`, path: files.key };
  const { pem, certificate } = readCertificate({ field: `${field}.certificate`, path: files.certificate }, mspId, isMember, nowMs);
  const opened = readKey(key);
  if (!certificate.checkPrivateKey(opened)) throw identityError(key, `the key of ${files.certificate}`);
  return { mspId, certificatePem: pem, keyPem: opened.export({ type: "pkcs8", format: "pem" }).toString() };
};
