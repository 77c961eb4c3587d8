import { openKey } from "./pki/certificates.ts";
import { type Member, serializedIdentity } from "./organization.ts";

/** A member with its key, as text. */
export type StoredMember = { readonly mspId: string; readonly certificatePem: string; readonly keyPem: string };

/** Everything the program needs; written by whoever makes the network, readable by its owner only. */
export type NetworkConfig = {
  readonly channel: string;
  readonly chaincode: string;
  /** Program that runs the chaincode as a service, and its host:port. */
  readonly chaincodeMain: string;
  readonly chaincodeAddress: string;
  readonly policy: { readonly threshold: number; readonly mspIds: readonly string[] };
  readonly organizations: readonly { readonly mspId: string; readonly authorityPem: string }[];
  readonly peers: readonly { readonly member: StoredMember; readonly listen: string; readonly tls: { readonly certificatePem: string; readonly keyPem: string } }[];
  readonly orderers: readonly StoredMember[];
  readonly batch: { readonly maxTransactions: number; readonly maxBytes: number; readonly timeoutMs: number };
};

/** Opens a stored member. */
export const openMember = ({ mspId, certificatePem, keyPem }: StoredMember): Member => ({
  mspId,
  key: openKey(keyPem),
  certificate: { pem: certificatePem, der: new Uint8Array(0), serial: new Uint8Array(0) },
  identity: serializedIdentity(mspId, certificatePem),
});
