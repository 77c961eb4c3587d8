import { makeHashes, type OrdererConfig } from "@crossguardian/protocol";
import { decodeGenesis } from "../decode-genesis.ts";
import { makeOrderer, type Orderer } from "../orderer/orderer.ts";
import { serveConnection } from "../orderer/serve-connection.ts";
import { type BodyStore } from "../blocks/body-store.ts";
import { listenAt, parseSocketAddress } from "./listen.ts";
import { openOrdererLogs } from "./open-logs.ts";
import { openPeer } from "./open-peer.ts";
import { type Peer } from "./peer-node.ts";
import { type RoleHost } from "./role-host.ts";
import { makeStreamLink } from "./stream-link.ts";

/** An orderer opens its IPFS node so long after it began, or when a body is to be fetched, in ms. */
export const PEER_AFTER_MS = 3_000;

/** A running orderer. */
export type RunningOrderer = {
  readonly orderer: Orderer;
  readonly bodies: BodyStore;
  /** Multiaddrs of the peer-to-peer node; empty without one, and until it is open. */
  readonly addresses: () => readonly string[];
  readonly stop: () => Promise<void>;
};

/** Runs an orderer until it is stopped. @throws relaychain.config.malformed, relaychain.log.* */
export const runOrderer = async (host: RoleHost, config: OrdererConfig): Promise<RunningOrderer> => {
  const { crypto, clock, log } = host;
  const genesis = decodeGenesis(config.genesis);
  const hashes = makeHashes(crypto.keccak256);
  const plan = { hashes, secp256k1: crypto.secp256k1, sha256: crypto.sha256, log };
  const { orders, chain, bodies, start } = await openOrdererLogs(plan, host.dataPath, genesis);
  let peer: Peer | null = null;
  let opening: Promise<Peer> | null = null;
  const peerOnce = async (): Promise<Peer> => (opening ??= openPeer(host, config, bodies).then((opened) => (peer = opened)));
  const hasPeer = config.p2pListen !== "";
  const powers = {
    ...plan,
    clock,
    random: host.random,
    orders,
    chain,
    bodies,
    fetchBody: hasPeer ? async (cid: Uint8Array) => (await peerOnce()).fetchBody(cid) : null,
  };
  const orderer = makeOrderer(powers, config, start, host.failed);
  const ports = { orderer, rules: config, keccak256: crypto.keccak256, secp256k1: crypto.secp256k1, clock, random: host.random, log };
  const sockets = new Set<{ destroy: () => unknown }>();
  const server = await listenAt(parseSocketAddress(config.listen), (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serveConnection(ports, (events) => makeStreamLink(socket, events));
  });
  // Blocks come first: a start waits for no IPFS node. One that can not be opened ends the process, as a crash.
  const cancelPeer = hasPeer ? clock.after(PEER_AFTER_MS, () => void peerOnce()) : () => undefined;
  log.info("relaychain.orderer.ready", { height: start.head.height, batches: start.batches.length, peers: config.peers.length });
  return {
    orderer,
    bodies,
    addresses: () => peer?.addresses() ?? [],
    stop: async () => {
      cancelPeer();
      server.close();
      for (const socket of sockets) socket.destroy();
      await orderer.stop();
      if (opening !== null) await (await opening).stop();
      await Promise.all([orders.close(), chain.close(), bodies.close()]);
    },
  };
};
