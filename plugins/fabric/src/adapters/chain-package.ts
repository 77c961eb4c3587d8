import { openCertificate } from "@crossguardian/crypto";
import { CHAIN_KIND, CodedError } from "@crossguardian/kernel";
import { decodeFabricSettings, type GrpcConnection, makeHeaderFollower, makeIdentity, openBlockStream, openGrpc } from "@crossguardian/plugin-fabric-blocks";
import { type ChainPackage, type ChainPluginPorts } from "@crossguardian/plugin-kit";
import { fabricTrust, makeFabricVerifier } from "@crossguardian/proof";
import { type PluginConfig } from "@crossguardian/protocol";
import { decodeMessage } from "@crossguardian/wire";
import { FABRIC_GAUGES, makeFabricPlugin } from "../plugin.ts";
import { openContract } from "./open-contract.ts";

/** @throws fabric.config.* */
const makePlugin = (ports: ChainPluginPorts, config: PluginConfig): ReturnType<typeof makeFabricPlugin> => {
  const schemes = ports.endpoints.map(({ config: { scheme } }) => scheme);
  if (config.kind !== CHAIN_KIND.fabric || schemes.length === 0 || schemes.some((each) => each !== "grpc" && each !== "grpcs")) {
    throw new CodedError("fabric.config.endpoint", { kind: config.kind, endpoints: schemes.length });
  }
  const settings = decodeFabricSettings(config.settings);
  const trust = decodeMessage(fabricTrust, config.terms);
  if (!trust.ok) throw new CodedError("fabric.config.settings", { why: trust.failure.code });
  const { channel, chaincode } = trust.value;
  const { crypto, clock, log, say } = ports;
  const identity = makeIdentity(settings, ports.accountKey);
  let connection: GrpcConnection | null = null;
  return makeFabricPlugin(
    {
      say,
      clock,
      log,
      keccak256: crypto.keccak256,
      verifier: makeFabricVerifier({ sha256: crypto.sha256, openCertificate }, trust.value, config.contract),
      contract: openContract(() => connection, identity, { channel, chaincode }),
      openBlocks: (onBlock) =>
        openBlockStream({
          endpoints: ports.endpoints.map((endpoint) => openGrpc(endpoint.connect, endpoint.config, settings, endpoint.tlsMin)),
          channel,
          identity,
          sha256: crypto.sha256,
          genesisHash: config.genesisHash,
          clock,
          log,
          onBlock,
          onConnection: (up) => {
            connection = up;
          },
        }),
    },
    { chain: config.chain, depth: config.depth, channel, chaincode, maxEntries: settings.maxEntries, maxTransactions: settings.maxTransactions },
  );
};

/** Channels of Hyperledger Fabric, over a peer's gateway and block services. */
export const chainPackage: ChainPackage = { kind: CHAIN_KIND.fabric, gauges: FABRIC_GAUGES, makePlugin, makeHeaderFollower };
