import { type Hex } from "viem";

import { type ChainAccess } from "../kinds/chain-access.ts";
import { type TransferEvent } from "./chain-facts.ts";

/** Everything the chains have said about transfers so far. */
export type Follower = {
  /** Reads what is new on every chain. */
  readonly poll: () => Promise<void>;
  readonly requests: ReadonlyMap<string, TransferEvent & { readonly chain: string }>;
  readonly settled: ReadonlyMap<string, readonly TransferEvent[]>;
  readonly receipts: ReadonlyMap<string, readonly TransferEvent[]>;
};

/** `from-to-index` by on-chain keys: the name of a transfer in contract events. */
export const transferKey = (event: { readonly from: Hex; readonly to: Hex; readonly index: bigint }): string =>
  `${event.from}-${event.to}-${event.index.toString()}`;

const add = (into: Map<string, TransferEvent[]>, key: string, event: TransferEvent): void => {
  const known = into.get(key);
  if (known === undefined) into.set(key, [event]);
  else known.push(event);
};

/** Follows chains from block 1 on. */
export const makeFollower = (chains: readonly Pick<ChainAccess, "name" | "head" | "events">[]): Follower => {
  const requests = new Map<string, TransferEvent & { readonly chain: string }>();
  const settled = new Map<string, TransferEvent[]>();
  const receipts = new Map<string, TransferEvent[]>();
  const next = new Map<string, bigint>(chains.map((chain) => [chain.name, 1n]));
  const pollOne = async (chain: (typeof chains)[number]): Promise<void> => {
    const from = next.get(chain.name) ?? 1n;
    const head = await chain.head();
    if (head < from) return;
    const events = await chain.events(from, head);
    next.set(chain.name, head + 1n);
    for (const event of events) {
      const key = transferKey(event);
      if (event.event === "Request") requests.set(key, { ...event, chain: chain.name });
      else add(event.event === "Settled" ? settled : receipts, key, event);
    }
  };
  return {
    poll: async () => {
      await Promise.all(chains.map(pollOne));
    },
    requests,
    settled,
    receipts,
  };
};
