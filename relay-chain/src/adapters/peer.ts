import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { withBitswap } from "@helia/bitswap";
import { withLibp2pLight } from "@helia/libp2p";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { identify } from "@libp2p/identify";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { createHeliaLight } from "helia";
import { CID } from "multiformats/cid";
import { type Clock, equalBytes, type Hash, type Log } from "@crossguardian/kernel";
import { cidOf, cidText } from "@crossguardian/wire";
import { type BodyStore } from "../blocks/body-store.ts";
import { LogBlockstore } from "./log-blockstore.ts";
import { type Peer } from "./peer-node.ts";

/** How long peers are asked for a body before it is given up until it is wanted again, in ms. */
export const FETCH_DEADLINE_MS = 20_000;
const DIAL_AGAIN_MS = 3000;
const MAX_PEER_CONNECTIONS = 64;

/** Starts the node: Helia composed of libp2p over TCP (noise, yamux, identify) and bitswap. `identity` is an Ed25519 seed. */
export const openPeer = async (options: {
  readonly listen: string;
  readonly peers: readonly string[];
  readonly identity: Uint8Array;
  readonly bodies: BodyStore;
  readonly sha256: Hash;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<Peer> => {
  const { bodies, clock, log } = options;
  const privateKey = await generateKeyPairFromSeed("Ed25519", options.identity);
  const light = createHeliaLight({ blockstore: new LogBlockstore(bodies) });
  const node = withBitswap(
    withLibp2pLight(light, {
      config: "replace",
      privateKey,
      addresses: { listen: [options.listen] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() },
      connectionManager: { maxConnections: MAX_PEER_CONNECTIONS },
      nodeInfo: { name: "crossguardian" },
    }),
  );
  await node.start();
  const { libp2p } = node;
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
      const parts: Uint8Array[] = [];
      for await (const part of node.blockstore.get(CID.decode(cid), { signal: AbortSignal.timeout(FETCH_DEADLINE_MS) })) {
        parts.push(part);
      }
      const body = Buffer.concat(parts);
      if (!equalBytes(cidOf(options.sha256, body), cid)) {
        log.alarm("relaychain.body.cid", { cid: cidText(cid) });
        return;
      }
      bodies.put(cid, body);
      await bodies.flush();
      log.info("relaychain.body.fetched", { cid: cidText(cid), bytes: body.length });
    },
    addresses: () => libp2p.getMultiaddrs().map((each) => each.toString()),
    connections: () => libp2p.getConnections().length,
    stop: async () => {
      isStopped = true;
      await node.stop();
    },
  };
};
