import { type Crypto } from "@crossguardian/crypto";
import { type Clock, keyLabel, type Log } from "@crossguardian/kernel";
import { type OrdererConfig } from "@crossguardian/protocol";
import { type BodyStore } from "../blocks/body-store.ts";
import { type Peer } from "./peer-node.ts";

/** Label of an orderer's or archive's key (its peer identity) below its root key. */
export const ORDERER_KEY_LABEL = keyLabel("orderer-key");

const PAUSE_MS = 10;

/** What `peer.ts` imports, in parts of some 10 ms to 80 ms: blocks go on between them. A part left out is only no part. */
const PARTS: readonly (() => Promise<unknown>)[] = [
  async () => import("@multiformats/multiaddr"),
  async () => import("@libp2p/crypto/keys"),
  async () => import("@chainsafe/libp2p-noise"),
  async () => import("@libp2p/identify"),
  async () => import("@libp2p/tcp"),
  async () => import("libp2p"),
  async () => import("./bitswap.ts"),
];

/** What a node of this role runs with. */
export type PeerHost = { readonly crypto: Crypto; readonly clock: Clock; readonly log: Log; readonly rootKey: Uint8Array };

/** Loads the IPFS node's modules, which is most of what its role loads, and starts it. Not to be called without `p2pListen`. */
export const openPeer = async (host: PeerHost, config: OrdererConfig, bodies: BodyStore): Promise<Peer> => {
  const { crypto, clock, log, rootKey } = host;
  const identity = crypto.deriveKey(rootKey, ORDERER_KEY_LABEL);
  for (const part of PARTS) {
    await part();
    await new Promise<void>((resolve) => void clock.after(PAUSE_MS, resolve));
  }
  const { startPeer } = await import("./peer.ts");
  return startPeer({ listen: config.p2pListen, peers: config.peers, identity, bodies, sha256: crypto.sha256, clock, log });
};
