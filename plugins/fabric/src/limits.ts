/** Longest wait for an evaluation, an endorsement or the orderer's word, in ms. */
export const CALL_DEADLINE_MS = 15_000;
/** Longest wait for a transaction's validation code, in ms. */
export const COMMIT_DEADLINE_MS = 20_000;
/** Longest time from a transaction's proposal to its validation code, in ms: endorsed, ordered, committed. Until then it is the network that is waited for. */
export const TRANSACTION_DEADLINE_MS = 2 * CALL_DEADLINE_MS + COMMIT_DEADLINE_MS;
/** A call that is open for longer is what the plugin waits for, in ms. */
export const SLOW_CALL_MS = 500;
/** Submissions that wait for their turn. */
export const MAX_WAITING_SUBMISSIONS = 256;
/** Submissions in one transaction. */
export const MAX_TOGETHER = 64;
/** Content of one transaction's submissions, in bytes; a peer takes 100 MB, an orderer cuts a block at some MB. */
export const MAX_TRANSACTION_BYTES = 512 * 1024;
/** Transactions made anew after a version conflict or endorsements that differ. */
export const MAX_CONFLICT_RETRIES = 12;
/** Wait before the first of them, in ms; doubles up to the last. */
export const FIRST_CONFLICT_WAIT_MS = 20;
/** Longest wait before one, in ms. */
export const LAST_CONFLICT_WAIT_MS = 1_000;
/** Evidence that waits for a grant, in bytes: reading pauses above it. */
export const MAX_READY_BYTES = 8 * 1024 * 1024;
/** Evidence in one message, in bytes; one evidence may be larger. */
export const COMFORTABLE_MESSAGE_BYTES = 1024 * 1024;
/** Grants that may be outstanding. */
export const MAX_GRANTS = 1024;
/** A range without events is told after this time, in ms, so that the cursor moves. */
export const EMPTY_RANGE_LINGER_MS = 100;
/** Questions that are open at a time. */
export const MAX_OPEN_QUERIES = 16;
/** Indexes of one view of the chaincode. */
export const MAX_VIEW_INDEXES = 4_096;
