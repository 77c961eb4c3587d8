// Apart from peer.ts: a type import keeps its module, and that one's is IPFS whole.
/** An IPFS node that serves and fetches bodies by bitswap with listed peers; no bootstrap, no discovery, no DHT. */
export type Peer = {
  /** Asks connected peers for a body and keeps it. Rejects after FETCH_DEADLINE_MS (`peer.ts`). */
  readonly fetchBody: (cid: Uint8Array) => Promise<void>;
  readonly addresses: () => readonly string[];
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
};
