import { type peer } from "@hyperledger/fabric-protos";
import { type Member } from "../organization.ts";
import { type SealedBlock, sealBlock } from "../messages/block.ts";
import { type MembershipChecker } from "../msp.ts";
import { genesisEnvelope } from "./genesis.ts";
import { CODE, type EndorsementPolicy, openTransaction } from "./open-transaction.ts";
import { makeStateLock, makeWorldState, type StateLock, type WorldState } from "./world-state.ts";

/** Where a transaction ended. */
export type Committed = { readonly code: number; readonly height: number };
/** A block with what peers tell of it. */
export type ChannelBlock = SealedBlock & { readonly events: readonly { readonly txId: string; readonly event: peer.ChaincodeEvent }[]; readonly txIds: readonly string[] };

/** The ledger that all peers of the test network share. */
export type Channel = {
  readonly name: string;
  readonly chaincode: string;
  readonly state: WorldState;
  readonly lock: StateLock;
  readonly height: () => number;
  readonly block: (height: number) => ChannelBlock | null;
  readonly committed: (txId: string) => Committed | null;
  /** Called after each block until it is told to stop. */
  readonly onBlock: (listener: () => void) => () => void;
  /** Orders these envelopes in one block, validates and commits it. */
  readonly commit: (envelopes: readonly Uint8Array[]) => Promise<void>;
};

/** What a channel is made of. */
export type ChannelRules = {
  readonly name: string;
  readonly chaincode: string;
  readonly policy: EndorsementPolicy;
  readonly members: MembershipChecker;
  readonly orderers: readonly Member[];
};

/** Makes a channel with its genesis block. */
export const makeChannel = (rules: ChannelRules): Channel => {
  const { name, chaincode, policy, members, orderers } = rules;
  const state = makeWorldState();
  const lock = makeStateLock();
  const blocks: ChannelBlock[] = [];
  const transactions = new Map<string, Committed>();
  const listeners = new Set<() => void>();
  const genesis = sealBlock({ height: 0, previousHash: new Uint8Array(0), envelopes: [genesisEnvelope(name)], codes: Uint8Array.of(0), orderers: [] });
  blocks.push({ ...genesis, events: [], txIds: [] });

  const commitNow = (envelopes: readonly Uint8Array[]): void => {
    const height = blocks.length;
    const events: ChannelBlock["events"][number][] = [];
    const txIds: string[] = [];
    const codes = envelopes.map((envelope, tx) => {
      const opened = openTransaction({ channel: name, chaincode, policy, members }, envelope);
      const { txId, set } = opened;
      let { code } = opened;
      txIds.push(txId);
      if (transactions.has(txId)) return CODE.DUPLICATE_TXID;
      if (code === CODE.VALID && set !== null) {
        if (state.isCurrent(set)) state.apply(set, { block: height, tx });
        else code = CODE.MVCC_READ_CONFLICT;
      }
      if (code === CODE.VALID && opened.event !== null) events.push({ txId, event: opened.event });
      if (txId !== "") transactions.set(txId, { code, height });
      return code;
    });
    const previousHash = blocks.at(-1)?.hash ?? new Uint8Array(32);
    blocks.push({ ...sealBlock({ height, previousHash, envelopes, codes: Uint8Array.from(codes), orderers }), events, txIds });
  };

  return {
    name,
    chaincode,
    state,
    lock,
    height: () => blocks.length,
    block: (height) => blocks[height] ?? null,
    committed: (txId) => transactions.get(txId) ?? null,
    onBlock: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    commit: async (envelopes) => {
      await lock.alone(() => commitNow(envelopes));
      for (const each of [...listeners]) each();
    },
  };
};
