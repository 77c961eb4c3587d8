import { CodedError } from "@crossguardian/kernel";
import { decodeMessage, type Decoded, encodeMessage, fixed, hash32, struct, u64 } from "@crossguardian/wire";

/** First byte of a record in a validator's log. */
export const VOTE_RECORD = { identity: 1, vote: 2, block: 3, batch: 4, proposal: 5 } as const;
/** One of {@link VOTE_RECORD}. */
export type VoteRecordKind = (typeof VOTE_RECORD)[keyof typeof VOTE_RECORD];

const KINDS: readonly VoteRecordKind[] = Object.values(VOTE_RECORD);

/** Whose log it is. */
export const identityRecord = struct({ relayGenesis: hash32, address: fixed(20) });
/** A vote: durable before its signature leaves the validator. */
export const voteRecord = struct({ epoch: u64, height: u64, hash: hash32 });
/** See {@link voteRecord}. */
export type VoteRecord = Decoded<typeof voteRecord>;

/** Kind and content of a record. */
export type RecordParts = readonly [Uint8Array, Uint8Array];

/** Record in parts: kind, then content (identity, vote, encoded block without bodies, publish message, proposal that the next vote is for). */
export const validatorRecord = (kind: VoteRecordKind, content: Uint8Array): RecordParts => [Uint8Array.of(kind), content];

/** Bytes of an identity record. */
export const encodeIdentity = (identity: Decoded<typeof identityRecord>): RecordParts =>
  validatorRecord(VOTE_RECORD.identity, encodeMessage(identityRecord, identity));

/** Bytes of a vote record. */
export const encodeVote = (vote: VoteRecord): RecordParts => validatorRecord(VOTE_RECORD.vote, encodeMessage(voteRecord, vote));

/** Takes a record apart. @throws relaychain.log.broken */
export const readValidatorRecord = (record: Uint8Array): { readonly kind: VoteRecordKind; readonly content: Uint8Array } => {
  const kind = KINDS.find((each) => each === record[0]);
  if (kind === undefined) throw new CodedError("relaychain.log.broken", { kind: record[0] ?? -1 });
  return { kind, content: record.subarray(1) };
};

/** A vote of an own log. @throws relaychain.log.broken */
export const decodeVote = (content: Uint8Array): VoteRecord => {
  const vote = decodeMessage(voteRecord, content);
  if (!vote.ok) throw new CodedError("relaychain.log.broken", { why: vote.failure.code });
  return vote.value;
};
