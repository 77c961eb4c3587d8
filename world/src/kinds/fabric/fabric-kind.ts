import { createPublicKey } from "node:crypto";

import { keyLabel } from "@crossguardian/kernel";
import { fabricContract, fabricTrust } from "@crossguardian/proof";
import { fabricSettings, keyFromSlot } from "@crossguardian/plugin-fabric-blocks";
import { encodeMessage } from "@crossguardian/wire";

import { type StartedFabric } from "@crossguardian/fabric-devnet";

import { type ForeignKind, type ForeignOrder, type StartedForeign } from "../foreign-chain.ts";
import { numericIdOf, pluginsOf } from "../../world.ts";
import { deployFabric } from "./deploy-fabric.ts";
import { serviceContract } from "./service-contract.ts";
import { openFabricAccess } from "./fabric-access.ts";
import { CHAINCODE, channelNameOf, fabricUsers } from "./fabric-places.ts";
import { askGenesis } from "./network/ask-peer.ts";
import { deployNetwork } from "./network/deploy-network.ts";
import { planNetwork } from "./network/plan-network.ts";

const MSP_IDS = ["Org1MSP", "Org2MSP", "Org3MSP"];
const ENDORSEMENTS = 2;
const SERVER_NAME = "localhost";
const MAX_ENTRIES = 128;
const MAX_TRANSACTIONS = 8;
const MAX_USERS = 64;

type Fabric = StartedFabric;
type Identity = { readonly mspId: string; readonly certificatePem: string; readonly keyPem: string };

const settingsFor = (fabric: Fabric, identity: Identity, endpoints: readonly string[]): Uint8Array =>
  encodeMessage(fabricSettings, {
    ...identity,
    endpoints: endpoints.map((name) => ({ name, authorityPem: fabric.authorities.tls.certificatePem, serverName: SERVER_NAME })),
    maxEntries: MAX_ENTRIES,
    maxTransactions: MAX_TRANSACTIONS,
  });

const start = async (order: ForeignOrder): Promise<StartedForeign> => {
  const [{ startFabric, openOrganization }, { CHAINCODE_MAIN }] = await Promise.all([import("@crossguardian/fabric-devnet"), import("@crossguardian/contracts-fabric")]);
  const { name, topology, folder, outlive, powers, users } = order;
  const { crypto } = powers;
  const channel = channelNameOf(name);
  const fabric = await startFabric({ folder, chaincodeMain: CHAINCODE_MAIN, channel, chaincode: CHAINCODE, mspIds: MSP_IDS, threshold: ENDORSEMENTS, outlive });
  const [first] = fabric.authorities.organizations;
  if (first === undefined) throw new Error("a network without organizations");
  const organization = openOrganization(first.mspId, first.authority);
  const memberOf = (commonName: string): Identity => {
    const { mspId, certificate, key } = organization.member(commonName, "client");
    return { mspId, certificatePem: certificate.pem, keyPem: key.export({ type: "pkcs8", format: "pem" }).toString() };
  };
  /** Each plugin signs with the key of its own slot, so each is enrolled. */
  const [pluginSettings, standbySettings] = pluginsOf(topology, name).map((domain) => {
    const slot = crypto.deriveKey(powers.slots.rootOf(domain), keyLabel("account", name));
    const certificate = organization.enrol(domain, "client", createPublicKey(keyFromSlot(slot)));
    return settingsFor(fabric, { mspId: organization.mspId, certificatePem: certificate.pem, keyPem: "" }, ["rpc"]);
  });
  if (pluginSettings === undefined) throw new Error("a chain without a plugin");
  const reader = memberOf("reader");
  const members = Array.from({ length: Math.min(MAX_USERS, Math.max(1, users.length)) }, (_, at) => memberOf(`user${at.toString()}`));
  const genesisHash = await askGenesis(crypto.sha256, { host: fabric.peers[0] ?? "", authorityPem: fabric.authorities.tls.certificatePem, serverName: SERVER_NAME }, reader, channel);
  const contract = fabricContract(crypto.keccak256, channel, CHAINCODE);
  const urls = fabric.peers.map((peer) => `grpcs://${peer}`);
  const witnessUrls = Array.from({ length: topology.witnesses }, (_, at) => urls[at % urls.length] ?? "");
  const numericId = numericIdOf(genesisHash);
  const plan: StartedForeign["plan"] = {
    name,
    kind: "fabric",
    numericId,
    gateway: topology.gateways.find((each) => each.chains.includes(name))?.name ?? "",
    url: urls[0] ?? "",
    witnessUrls,
    validatorUrls: Array.from({ length: topology.validators }, () => witnessUrls),
    depth: 0,
    genesisHash,
    deployHeight: 1,
    foreign: {
      contract,
      vault: serviceContract(crypto.keccak256, contract, "vault"),
      data: serviceContract(crypto.keccak256, contract, "data"),
      terms: encodeMessage(fabricTrust, {
        channel,
        chaincode: CHAINCODE,
        organizations: fabric.authorities.organizations.map(({ mspId, authority }) => ({ mspId, authorities: [Buffer.from(authority.certificateDer, "base64")], revocations: [] })),
        endorsement: { threshold: ENDORSEMENTS, mspIds: MSP_IDS, unit: "peer" },
        blocks: { threshold: 1, mspIds: ["OrdererMSP"], unit: "orderer" },
      }),
      pluginSettings,
      ...(standbySettings === undefined ? {} : { standbySettings }),
      witnessSettings: settingsFor(fabric, reader, ["rpc", ...witnessUrls.map((_, at) => `${name}-${(at + 1).toString()}`)]),
      userSettings: encodeMessage(fabricUsers, { peer: fabric.peers[0] ?? "", tlsAuthorityPem: fabric.authorities.tls.certificatePem, serverName: SERVER_NAME, members }),
      pluginEndpoints: [],
    },
  };
  return {
    plan,
    node: { pid: fabric.pid, stop: fabric.stop },
    deploy: async (remotes) => deployFabric(order, plan, remotes),
  };
};

/** Channels of Hyperledger Fabric's interfaces, on a test network of three organizations of which two endorse. */
export const fabricKind: ForeignKind = {
  kind: "fabric",
  start,
  configured: { plan: planNetwork, deploy: deployNetwork },
  open: ({ plan, powers, users }) => openFabricAccess(powers, plan, users),
};
