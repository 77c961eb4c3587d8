import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { identify } from "@libp2p/identify";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { CID } from "multiformats/cid";
import { type Clock, equalBytes, type Hash, type Log } from "@crossguardian/kernel";
import { cidOf, cidText } from "@crossguardian/wire";
import { type BodyStore } from "../blocks/body-store.ts";
import { openBitswap } from "./bitswap.ts";
import { LogBlockstore } from "./log-blockstore.ts";
import { type Peer } from "./peer-node.ts";

/** How long peers are asked for a body before it is given up until it is wanted again, in ms. */
export const FETCH_DEADLINE_MS = 20_000;
const DIAL_AGAIN_MS = 3000;
const MAX_PEER_CONNECTIONS = 64;

/** What a node is started with. */
export type PeerOptions = {
  /** Multiaddr. */
  readonly listen: string;
  /** Multiaddrs, dialled until they answer. */
  readonly peers: readonly string[];
  /** Seed of an Ed25519 key, 32 bytes. */
  readonly identity: Uint8Array;
  readonly bodies: BodyStore;
  readonly sha256: Hash;
  readonly clock: Clock;
  readonly log: Log;
};

/** Starts the node: libp2p over TCP (noise, yamux, identify) and Helia's bitswap. */
export const startPeer = async (options: PeerOptions): Promise<Peer> => {
  const { bodies, clock, log } = options;
  const libp2p = await createLibp2p({
    start: false,
    privateKey: await generateKeyPairFromSeed("Ed25519", options.identity),
    addresses: { listen: [options.listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    connectionManager: { maxConnections: MAX_PEER_CONNECTIONS },
    nodeInfo: { name: "crossguardian" },
  });
  // Before the first connection: what peers are told when they connect has bitswap in it.
  const bitswap = await openBitswap(libp2p, new LogBlockstore(bodies));
  await libp2p.start();
  let isStopped = false;

  const dial = async (text: string): Promise<void> => {
    const address = multiaddr(text);
    const id = address.getComponents().findLast((each) => each.name === "p2p")?.value;
    if (id !== undefined && libp2p.getConnections().some((each) => each.remotePeer.toString() === id)) return;
    if (id === undefined && libp2p.getConnections().length > 0) return;
    await libp2p.dial(address, { signal: AbortSignal.timeout(DIAL_AGAIN_MS) });
    log.info("relaychain.peer.up", { peers: libp2p.getConnections().length });
  };
  const dialAll = (): void => {
    if (isStopped) return;
    for (const each of options.peers) {
      dial(each).catch((error: unknown) => {
        log.warn("relaychain.peer.unreachable", { error: error instanceof Error ? error.name : "unknown" });
      });
    }
    clock.after(DIAL_AGAIN_MS, dialAll);
  };
  if (options.peers.length > 0) dialAll();

  return {
    fetchBody: async (cid) => {
      const body = await bitswap.retrieve(CID.decode(cid), { signal: AbortSignal.timeout(FETCH_DEADLINE_MS) });
      if (!equalBytes(cidOf(options.sha256, body), cid)) {
        log.alarm("relaychain.body.cid", { cid: cidText(cid) });
        return;
      }
      bodies.put(cid, body);
      await bodies.flush();
      await bitswap.announce(CID.decode(cid));
      log.info("relaychain.body.fetched", { cid: cidText(cid), bytes: body.length });
    },
    addresses: () => libp2p.getMultiaddrs().map((each) => each.toString()),
    connections: () => libp2p.getConnections().length,
    stop: async () => {
      isStopped = true;
      await bitswap.stop();
      await libp2p.stop();
    },
  };
};
