import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `relay`. */
export const RELAY_FAILURES = {
  "relay.orderer.genesis": { action: "alarm", says: "the orderer serves another relay chain" },
  "relay.orderer.message": { action: "refuse", says: "the orderer sent a message that has no place here" },
  "relay.orderer.closed": { action: "retry", says: "the connection to the orderer ended" },
  "relay.orderer.silent": { action: "retry", says: "the orderer answers nothing although something is asked of it" },
  "relay.orderer.refusal": { action: "retry", says: "the orderer refused the connection with a code" },
  "relay.body.cid": { action: "alarm", says: "a body does not have the content id it came under" },
  "relay.body.missing": { action: "retry", says: "the body of an ordered entry is not there; it is asked for until somebody serves it" },
  "relay.buffer.full": { action: "retry", says: "too many batches wait for an answer; this one is not kept" },
  "relay.batch.malformed": { action: "refuse", says: "a batch has no readable head" },
} as const satisfies FailureTable;
