import { CodedError } from "@crossguardian/kernel";

/** First byte of a record in the orderer's order log. */
export const ORDER_RECORD = { identity: 1, batch: 2, batchDone: 3, proposal: 4, registration: 5 } as const;
/** One of {@link ORDER_RECORD}. */
export type OrderRecordKind = (typeof ORDER_RECORD)[keyof typeof ORDER_RECORD];

const KINDS: readonly OrderRecordKind[] = Object.values(ORDER_RECORD);

/** Record in parts: kind, then content (relay genesis, publish message, hash, proposal message, registration message). */
export const orderRecord = (kind: OrderRecordKind, content: Uint8Array): readonly [Uint8Array, Uint8Array] => [
  Uint8Array.of(kind),
  content,
];

/** Takes a record apart. @throws relaychain.log.broken */
export const readOrderRecord = (record: Uint8Array): { readonly kind: OrderRecordKind; readonly content: Uint8Array } => {
  const kind = KINDS.find((each) => each === record[0]);
  if (kind === undefined) throw new CodedError("relaychain.log.broken", { kind: record[0] ?? -1 });
  return { kind, content: record.subarray(1) };
};
