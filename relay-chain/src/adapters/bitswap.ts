import { withBitswap } from "@helia/bitswap";
import { type Blockstore } from "interface-blockstore";
import { type Libp2p } from "libp2p";
import { type CID } from "multiformats/cid";

/** Helia's bitswap over a libp2p node. */
export type Bitswap = {
  /** Asks connected peers for a block whose hash bitswap has checked. Rejects when `signal` says so. */
  readonly retrieve: (cid: CID, options: { readonly signal: AbortSignal }) => Promise<Uint8Array>;
  /** Tells peers that asked for a block that it is here now. */
  readonly announce: (cid: CID) => Promise<void>;
  readonly stop: () => Promise<void>;
};

type Broker = Bitswap & { readonly name: string };
type Mixin = { readonly start?: (host: object) => Promise<void> | void };

/**
 * Serves the blocks of `blockstore` to connected peers and asks them for what is missing. Nobody is searched for: there
 * is no routing. Helia's bitswap is a mixin of a Helia node; what it uses of one is given here, because the package of
 * the node itself loads transports, discovery and a DHT that this one must not have: 1,800 modules and three quarters
 * of the time.
 */
export const openBitswap = async (libp2p: Libp2p, blockstore: Blockstore): Promise<Bitswap> => {
  const mixins: Mixin[] = [];
  const brokers: Broker[] = [];
  const host = {
    status: "starting",
    libp2p,
    blockstore,
    logger: libp2p.logger,
    routing: { findProviders: () => [] },
    // Bitswap knows sha2-256 itself; a content id with another hash is not one of ours.
    getHasher: (code: number) => {
      throw new RangeError(`blocks are named by their sha2-256, not by hash ${code.toString()}`);
    },
    hasBlockBroker: (name: string) => brokers.some((each) => each.name === name),
    addBlockBroker: (broker: Broker) => brokers.push(broker),
    addMixin: (mixin: Mixin) => mixins.push(mixin),
  };
  withBitswap(host as unknown as Parameters<typeof withBitswap>[0]);
  for (const mixin of mixins) await mixin.start?.(host);
  const [broker] = brokers;
  if (broker === undefined) throw new TypeError("@helia/bitswap gave no block broker");
  return broker;
};
