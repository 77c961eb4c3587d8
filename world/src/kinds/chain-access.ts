import { type ChainKindName } from "@crossguardian/kernel";

import { type AssetEffect, type TransferEvent } from "../oracle/chain-facts.ts";

/** What a chain holds of its own asset for a peer, and what circulates on it of the peer's. */
export type ChainSupply = { readonly locked: bigint; readonly circulating: bigint };

/** Sends what users send, from one account of the chain. Each answers the id of the transaction that the Request event names. */
export type ChainSender = {
  /** Moves assets to a chain: its own where the peer takes them, else what came from the peer before. */
  readonly asset: (to: string, timeoutMs: bigint) => Promise<string>;
  /** An asset transfer that a chain which takes nothing but its own asset, or its peer, has to refuse; null where the kind can not make one. */
  readonly refusedAsset: ((to: string, timeoutMs: bigint) => Promise<string>) | null;
  /** Calls of the chain's data service, or null where it has none. */
  readonly data: {
    /** A private retrieval, by the hash of its body. */
    readonly get: (to: string, bodyHash: Uint8Array, timeoutMs: bigint) => Promise<string>;
    /** A public call of any function. */
    readonly call: (to: string, func: string, key: string, timeoutMs: bigint) => Promise<string>;
  } | null;
};

/** A running chain as users and the oracle reach it: directly, by no domain of a gateway. */
export type ChainAccess = {
  readonly name: string;
  readonly kind: ChainKindName;
  /** Height of the newest block. */
  readonly head: () => Promise<bigint>;
  /** Every Request, Receipt and Settled of the gateway contract in [from, to]; keys are keccak256 of service ids. */
  readonly events: (from: bigint, to: bigint) => Promise<readonly TransferEvent[]>;
  /** Every move of assets at this destination in [from, to]. */
  readonly effects: (from: bigint, to: bigint) => Promise<readonly AssetEffect[]>;
  readonly supply: (peer: string) => Promise<ChainSupply>;
  /** Senders of different lanes use different accounts. */
  readonly sender: (lane: number) => ChainSender;
};
