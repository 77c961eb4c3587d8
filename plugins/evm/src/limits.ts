/** One answer of a node, in bytes. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** An answer without a list in it, in bytes. */
export const MAX_SMALL_ANSWER_BYTES = 256 * 1024;
/** Questions to a node that are open at a time. */
export const MAX_OPEN_CALLS = 1024;
/** Questions in one HTTP request. */
export const MAX_HTTP_BATCH_CALLS = 100;
/** HTTP requests to a node at a time. */
export const MAX_HTTP_SOCKETS = 4;
/** Longest wait for an answer, in ms. */
export const CALL_DEADLINE_MS = 10_000;
/** A node with an answer open for longer is what its plugin waits for, in ms. */
export const SLOW_ANSWER_MS = 500;
/** Longest wait for an answer that lists a whole block or range, in ms. */
export const LONG_CALL_DEADLINE_MS = 30_000;
/** Shortest wait before a new connection, in ms; it grows with the outage up to the last. */
export const FIRST_RECONNECT_MS = 50;
/** Longest wait before a new connection, in ms. */
export const LAST_RECONNECT_MS = 5_000;
/** Heads of new blocks that are remembered. */
export const MAX_HEADS_KEPT = 256;
/** Headers asked for at a time. */
export const MAX_HEADERS_PER_STEP = 64;
/** Blocks behind the tip up to which every header is looked at; farther behind, ranges of logs are asked for. */
export const MAX_LIVE_GAP_BLOCKS = 32;
/** Blocks of one range of logs. */
export const MAX_RANGE_BLOCKS = 2_000;
/** What a range of logs told is good for whoever scans it in turns with new blocks, in ms; a node that left out something is asked again after that. */
export const RANGE_KEPT_MS = 5_000;
/** Logs of one answer above which the next range is smaller. */
export const COMFORTABLE_LOGS = 5_000;
/** Logs in one answer. */
export const MAX_LOGS_PER_ANSWER = 50_000;
/** Receipts in one block. */
export const MAX_RECEIPTS_PER_BLOCK = 50_000;
/** Logs in one receipt. */
export const MAX_LOGS_PER_RECEIPT = 65_536;
/** Data of one log, in bytes. */
export const MAX_LOG_DATA_BYTES = 1024 * 1024;
/** Blocks whose receipts are fetched at a time. */
export const MAX_BLOCKS_IN_FLIGHT = 4;
/** Evidence that waits for a grant, in bytes: scanning pauses above it. */
export const MAX_READY_BYTES = 8 * 1024 * 1024;
/** Evidence in one piece, in bytes, trie nodes above the receipts included; a block with more is told in several pieces of the same height. */
export const COMFORTABLE_EVIDENCE_BYTES = 3 * 1024 * 1024;
/** Events in one evidence; a block with more is told in several pieces of the same height. */
export const MAX_PLACES_PER_EVIDENCE = 4096;
/** Wait after a failed scan step, in ms. */
export const SCAN_RETRY_MS = 500;
/** Transactions of our account that are in flight. */
export const MAX_TRANSACTIONS_IN_FLIGHT = 16;
/** Submissions that wait for their turn. */
export const MAX_WAITING_SUBMISSIONS = 256;
/** Transactions of our account per second. */
export const MAX_TRANSACTIONS_PER_SECOND = 50;
/** One transaction, in bytes (common pools refuse 128 KiB). */
export const MAX_TRANSACTION_BYTES = 120 * 1024;
/** A transaction that is not mined after this time is looked after, in ms. */
export const STUCK_TRANSACTION_MS = 5_000;
/** Times a fee is raised. */
export const MAX_FEE_RAISES = 8;
/** Largest priority fee, in wei per gas. */
export const MAX_PRIORITY_FEE_WEI = 500_000_000_000n;
/** Priority fee where the node has no opinion, in wei per gas. */
export const DEFAULT_PRIORITY_FEE_WEI = 1_000_000_000n;
/** Interval of looking at fee and balance, in ms. */
export const ACCOUNT_CHECK_MS = 30_000;
/** Balance below so many transactions of the largest gas is low. */
export const LOW_BALANCE_TRANSACTIONS = 100n;
/** Most transactions that a balance is said to pay for. */
export const MAX_SAID_TRANSACTIONS = 1_000_000n;
/** Indexes of one view of the contract. */
export const MAX_VIEW_INDEXES = 4_096;
