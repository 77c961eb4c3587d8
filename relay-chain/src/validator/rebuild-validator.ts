import { CodedError, equalBytes } from "@crossguardian/kernel";
import { type Ledger, makeLedger, makeRegistry, type Registry, type RelayGenesisDocument } from "@crossguardian/protocol";
import { decodeMessage } from "@crossguardian/wire";
import { type PlanPowers } from "../blocks/plan-block.ts";
import { applySealed, decodeSealed, genesisHead, type Head } from "../blocks/sealed-block.ts";
import { decodeVote, identityRecord, readValidatorRecord, VOTE_RECORD, type VoteRecord } from "./vote-record.ts";

/** State of a validator after its log was read. */
export type ValidatorStart = {
  readonly registry: Registry;
  readonly ledger: Ledger;
  readonly head: Head;
  /** Newest votes, ascending by height. */
  readonly votes: readonly VoteRecord[];
  /** Encoded proposal of the newest vote; empty without one. */
  readonly voted: Uint8Array;
  /** The log begins with this key's identity: it is the key's log from its first use on. */
  readonly hasIdentity: boolean;
};

/** Votes kept in memory: for orderers that lost the end of their log and ask again. */
export const MAX_VOTES_KEPT = 1024;

/**
 * Takes the records of a validator's log in their order.
 * @throws relaychain.log.foreign for another chain's or key's log, relaychain.log.broken when records do not follow.
 */
export const makeValidatorRebuild = (
  powers: PlanPowers,
  genesis: RelayGenesisDocument,
  address: Uint8Array,
): { readonly take: (record: Uint8Array) => void; readonly finish: () => ValidatorStart } => {
  const ledger = makeLedger();
  let registry = makeRegistry(powers.hashes, genesis);
  let head = genesisHead(registry, genesis);
  let votes: VoteRecord[] = [];
  let voted = new Uint8Array(0);
  let hasIdentity = false;

  const takeIdentity = (content: Uint8Array): void => {
    const identity = decodeMessage(identityRecord, content);
    if (!identity.ok) throw new CodedError("relaychain.log.broken", { why: identity.failure.code });
    const isOwn = equalBytes(identity.value.address, address) && equalBytes(identity.value.relayGenesis, registry.relayGenesis);
    if (!isOwn) throw new CodedError("relaychain.log.foreign", { log: "votes" });
    hasIdentity = true;
  };

  const takeBlock = (content: Uint8Array): void => {
    const block = decodeSealed(content);
    const { header } = block.attestation;
    if (header.height !== head.height + 1n || !equalBytes(header.prevHash, head.hash)) {
      throw new CodedError("relaychain.log.broken", { height: header.height, head: head.height });
    }
    registry = applySealed(powers, { registry, ledger }, block);
    head = { height: header.height, hash: powers.hashes.blockDigest(registry.relayGenesis, header), tickMs: header.tickMs };
  };

  return {
    take: (record) => {
      const { kind, content } = readValidatorRecord(record);
      if (kind === VOTE_RECORD.identity) takeIdentity(content);
      else if (!hasIdentity) throw new CodedError("relaychain.log.broken", { what: "identity" });
      else if (kind === VOTE_RECORD.block) takeBlock(content);
      else if (kind === VOTE_RECORD.proposal) voted = content.slice();
      else if (kind === VOTE_RECORD.vote) {
        const { epoch, height, hash } = decodeVote(content);
        votes.push({ epoch, height, hash: hash.slice() });
        if (votes.length > 2 * MAX_VOTES_KEPT) votes = votes.slice(-MAX_VOTES_KEPT);
      }
    },
    finish: () => ({ registry, ledger, head, votes, voted, hasIdentity }),
  };
};
