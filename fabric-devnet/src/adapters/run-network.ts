import { Server, ServerCredentials } from "@grpc/grpc-js";
import { gateway, peer } from "@hyperledger/fabric-protos";
import { makeChannel } from "../ledger/channel.ts";
import { makeOrderer } from "../ledger/orderer.ts";
import { makeMembershipChecker } from "../msp.ts";
import { type NetworkConfig, openMember } from "../network-config.ts";
import { linkChaincode } from "../peer/chaincode-link.ts";
import { makeEndorser } from "../peer/endorser.ts";
import { makeDeliverService } from "../services/deliver-service.ts";
import { makeGatewayService } from "../services/gateway-service.ts";

const MAX_MESSAGE_BYTES = 100 * 1024 * 1024; // Fabric's default for peers

/** A running test network. */
export type RunningNetwork = { readonly ports: readonly number[]; readonly stop: () => Promise<void> };

const listen = async (server: Server, address: string, tls: NetworkConfig["peers"][number]["tls"]): Promise<number> =>
  new Promise((resolve, reject) => {
    const pair = { private_key: Buffer.from(tls.keyPem), cert_chain: Buffer.from(tls.certificatePem) };
    server.bindAsync(address, ServerCredentials.createSsl(null, [pair], false), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });

/** Starts one peer per organization over one ledger, and the orderer. The chaincode must run already. */
export const runNetwork = async (config: NetworkConfig): Promise<RunningNetwork> => {
  const members = makeMembershipChecker(config.organizations);
  const orderers = config.orderers.map(openMember);
  const channel = makeChannel({ name: config.channel, chaincode: config.chaincode, policy: config.policy, members, orderers });
  const orderer = makeOrderer(config.batch, channel.commit);
  const links = config.peers.map(() => linkChaincode(config.chaincodeAddress));
  await Promise.all(links.map(async (each) => each.ready));
  const endorsers = config.peers.flatMap(({ member, listen: address }, at) => {
    const link = links[at];
    return link === undefined ? [] : [makeEndorser(openMember(member), address, channel, link)];
  });
  const servers: Server[] = [];
  const ports: number[] = [];
  for (const [at, { listen: address, tls }] of config.peers.entries()) {
    const own = endorsers[at];
    if (own === undefined) continue;
    const server = new Server({ "grpc.max_receive_message_length": MAX_MESSAGE_BYTES, "grpc.max_send_message_length": MAX_MESSAGE_BYTES });
    const ordered = [own, ...endorsers.filter((each) => each !== own)];
    server.addService(gateway.GatewayService, makeGatewayService({ channel, members, policy: config.policy, orderer, endorsers: ordered }));
    server.addService(peer.DeliverService, makeDeliverService(channel, members));
    ports.push(await listen(server, address, tls));
    servers.push(server);
  }
  return {
    ports,
    stop: async () => {
      orderer.stop();
      for (const each of servers) each.forceShutdown();
      for (const each of links) each.close();
      await Promise.resolve();
    },
  };
};
