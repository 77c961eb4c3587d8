import { X509Certificate } from "node:crypto";
import { concatBytes, type Hash, utf8 } from "@crossguardian/kernel";

const ACCOUNT_BYTES = 20;
const TAG = utf8("CrossGuardian.account.v1");

/**
 * Account of a member: the last 20 bytes of keccak256(tag || length of msp id || msp id || public key), so that receivers on EVM chains and
 * here have one form. By the key and not by the certificate: a renewed certificate keeps its account.
 * `publicKey` is SubjectPublicKeyInfo in DER.
 */
export const accountOfKey = (keccak256: Hash, mspId: string, publicKey: Uint8Array): Uint8Array => {
  const name = utf8(mspId);
  return keccak256(concatBytes([TAG, Uint8Array.of(name.length), name, publicKey])).slice(-ACCOUNT_BYTES);
};

/** Account of the member whose certificate (PEM or DER) this is. */
export const accountOfCertificate = (keccak256: Hash, mspId: string, certificate: Uint8Array): Uint8Array =>
  accountOfKey(keccak256, mspId, new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" }));
