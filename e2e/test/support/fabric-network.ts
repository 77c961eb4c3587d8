import { createPublicKey, type KeyObject } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { CHAINCODE_MAIN } from "@crossguardian/contracts-fabric";
import { keyPem, openOrganization, revoke, startFabric } from "@crossguardian/fabric-devnet";

/** P-256 public keys as SubjectPublicKeyInfo begin with this (RFC 5480). */
const SPKI = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex");
const POINT_BYTES = 65;
const ENDORSEMENTS = 2;
const MSP_IDS = ["Org1MSP", "Org2MSP", "Org3MSP"];
const CHANNEL = "trade";
const CHAINCODE = "crossguardian";

/** A network that somebody else runs, and the files that its administrators hand to a gateway's operator. */
export type ForeignNetwork = {
  /** Of `chains.C`, without gateway. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What an authority does with a certificate request: signs it, and writes the certificate to a file of the folder. */
  readonly enrol: (request: string, file: string) => void;
  /** Makes a member with its key in files; answers their paths. */
  readonly member: (name: string) => { readonly certificate: string; readonly key: string };
  /** A new revocation list of the gateway's organization, with one more member in it. */
  readonly revokeAnother: () => void;
  readonly pid: number;
  readonly stop: () => Promise<void>;
};

/** The key of a certificate request, as an authority takes it out. */
const keyIn = (request: string): KeyObject => {
  const der = Buffer.from(request.replaceAll(/-----[^-]+-----|\s/gu, ""), "base64");
  const at = der.indexOf(SPKI);
  return createPublicKey({ key: der.subarray(at, at + SPKI.length + POINT_BYTES), format: "der", type: "spki" });
};

/** Starts a test network as programs of their own and writes the material of its administrators into `folder`, in which paths begin. */
export const startForeignNetwork = async (folder: string): Promise<ForeignNetwork> => {
  const fabric = await startFabric({ folder: join(folder, "network"), chaincodeMain: CHAINCODE_MAIN, channel: CHANNEL, chaincode: CHAINCODE, mspIds: MSP_IDS, threshold: ENDORSEMENTS });
  const { authorities } = fabric;
  const write = (path: string, text: string | Uint8Array, mode = 0o644): string => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text, { mode });
    return path;
  };
  const [first] = authorities.organizations;
  if (first === undefined) throw new Error("a network without organizations");
  const organization = openOrganization(first.mspId, first.authority);
  const gone: Uint8Array[] = [];
  const revokeAnother = (): string => {
    gone.push(organization.member("left-the-company", "client").certificate.serial);
    return write("fabric/Org1MSP/crls/crl.der", revoke(organization.authority, gone));
  };
  const revoked = revokeAnother();
  write("fabric/tls/ca.pem", authorities.tls.certificatePem);
  const names = MSP_IDS.map((mspId) => `peer0.${mspId.toLowerCase()}`);
  const connection = write("fabric/connection.json", JSON.stringify({
    name: "test", version: "1.0.0",
    organizations: Object.fromEntries(MSP_IDS.map((mspid, at) => [mspid, { mspid, peers: [names[at]] }])),
    orderers: { "orderer.example.com": { url: "grpcs://127.0.0.1:1" } },
    peers: Object.fromEntries(names.map((name, at) => [name, {
      url: `grpcs://${fabric.peers[at] ?? ""}`,
      tlsCACerts: at === 0 ? { path: "tls/ca.pem" } : { pem: authorities.tls.certificatePem },
      grpcOptions: { "ssl-target-name-override": name, hostnameOverride: name },
    }])),
  }));
  const member = (name: string): { readonly certificate: string; readonly key: string } => {
    const { certificate, key } = organization.member(name, "client");
    return { certificate: write(`fabric/${name}.pem`, certificate.pem), key: write(`fabric/${name}.key`, keyPem(key), 0o600) };
  };
  return {
    settings: {
      kind: "fabric", connection, channel: CHANNEL, chaincode: CHAINCODE, mspId: first.mspId,
      rpc: names[0], witnesses: names, validatorWitnesses: names, depth: 0,
      client: member("reader"), deployer: member("deployer"),
      plugins: { "plugin-c": "fabric/plugin-c.pem" },
      organizations: Object.fromEntries(authorities.organizations.map(({ mspId, authority }) => [mspId, {
        authorities: [write(`fabric/${mspId}/cacerts/ca.pem`, authority.certificatePem)], revocations: mspId === first.mspId ? [revoked] : [],
      }])),
      endorsement: { threshold: ENDORSEMENTS, organizations: MSP_IDS, unit: "peer" },
      blocks: { threshold: 1, organizations: ["OrdererMSP"], unit: "orderer" },
    },
    enrol: (request, file) => void write(file, organization.enrol("plugin-c", "client", keyIn(request)).pem),
    member,
    revokeAnother,
    pid: fabric.pid,
    stop: fabric.stop,
  };
};
