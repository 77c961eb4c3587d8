import { createPublicKey } from "node:crypto";
import { type NetworkConfig, type StoredMember } from "./network-config.ts";
import { makeOrganization, type Member, type Organization } from "./organization.ts";
import { type Authority, issue, keyPem, makeAuthority, makeKey, openKey } from "./pki/certificates.ts";

/** An authority with its key, as text: whoever has it makes members. */
export type StoredAuthority = { readonly name: string; readonly certificatePem: string; readonly certificateDer: string; readonly keyPem: string };

/** A network's authorities: what makes further members (a plugin's account, users). */
export type NetworkAuthorities = { readonly organizations: readonly { readonly mspId: string; readonly authority: StoredAuthority }[]; readonly tls: StoredAuthority };

/** A made network: what the program gets, and what stays with whoever made it. */
export type MadeNetwork = { readonly config: NetworkConfig; readonly authorities: NetworkAuthorities };

/** What a network is made of. */
export type NetworkWish = {
  readonly channel: string;
  readonly chaincode: string;
  readonly chaincodeMain: string;
  readonly chaincodeAddress: string;
  /** Organizations with a peer each; `threshold` of them endorse. */
  readonly mspIds: readonly string[];
  readonly threshold: number;
  /** host:port of each peer. */
  readonly listen: readonly string[];
  readonly batch: NetworkConfig["batch"];
};

const ORDERER_MSP = "OrdererMSP";

const storeMember = ({ mspId, certificate, key }: Member): StoredMember => ({ mspId, certificatePem: certificate.pem, keyPem: keyPem(key) });
const storeAuthority = ({ name, pem, der, key }: Authority): StoredAuthority => ({
  name, certificatePem: pem, certificateDer: Buffer.from(der).toString("base64"), keyPem: keyPem(key),
});

/** Opens a stored organization. */
export const openOrganization = (mspId: string, authority: StoredAuthority): Organization =>
  makeOrganization(mspId, { name: authority.name, key: openKey(authority.keyPem), der: Buffer.from(authority.certificateDer, "base64"), pem: authority.certificatePem });

/** Makes organizations, peers, an orderer and their certificates. */
export const makeNetwork = (wish: NetworkWish): MadeNetwork => {
  const organizations = wish.mspIds.map((each) => makeOrganization(each));
  const ordererOrganization = makeOrganization(ORDERER_MSP);
  const all = [...organizations, ordererOrganization];
  const tls = makeAuthority("tls.fabric-devnet");
  return {
    config: {
      channel: wish.channel,
      chaincode: wish.chaincode,
      chaincodeMain: wish.chaincodeMain,
      chaincodeAddress: wish.chaincodeAddress,
      policy: { threshold: wish.threshold, mspIds: wish.mspIds },
      organizations: all.map(({ mspId, authority }) => ({ mspId, authorityPem: authority.pem })),
      peers: organizations.map((organization, at) => {
        const key = makeKey();
        const name = `peer0.${organization.mspId.toLowerCase()}`;
        const certificate = issue(tls, { commonName: name, publicKey: createPublicKey(key), dnsNames: [name, "localhost"], addresses: ["127.0.0.1"] });
        return {
          member: storeMember(organization.member("peer0", "peer")),
          listen: wish.listen[at] ?? "127.0.0.1:0",
          tls: { certificatePem: certificate.pem, keyPem: keyPem(key) },
        };
      }),
      orderers: [storeMember(ordererOrganization.member("orderer0", "orderer"))],
      batch: wish.batch,
    },
    authorities: { organizations: all.map(({ mspId, authority }) => ({ mspId, authority: storeAuthority(authority) })), tls: storeAuthority(tls) },
  };
};
