/** Headers in one witness report. */
export const MAX_HEADERS_PER_REPORT = 256;
/** Evidence of one source block (its header and the trie nodes), in bytes. */
export const MAX_EVIDENCE_BYTES = 4 * 1024 * 1024;
/** Events of one source block that one message refers to. */
export const MAX_ITEMS_PER_EVIDENCE = 4096;
/** Evidences in one message. */
export const MAX_EVIDENCES = 64;
/** Entries in one published batch. */
export const MAX_BATCH_ENTRIES = 2048;
/** Entries in one relay block. */
export const MAX_BLOCK_ENTRIES = 4096;
/** Batches in one relay block. */
export const MAX_BLOCK_BATCHES = 64;
/** One IBTP or bxh transaction, in bytes. */
export const MAX_IBTP_BYTES = 64 * 1024;
/** One argument of a call, in bytes. */
export const MAX_ARG_BYTES = 32 * 1024;
/** Arguments of a call. */
export const MAX_ARGS = 32;
/** Name of a called function, in bytes. */
export const MAX_FUNC_BYTES = 64;
/** Result of a call, in bytes. */
export const MAX_RESULT_BYTES = 32 * 1024;
/** Relay validators. */
export const MAX_VALIDATORS = 64;
/** Levels of an entries tree. */
export const MAX_TREE_LEVELS = 16;
/** Configuration of one domain as JSON, in bytes. */
export const MAX_CONFIG_BYTES = 1024 * 1024;
/** One piece of a split-network stream, in bytes. */
export const MAX_STREAM_PIECE_BYTES = 64 * 1024;
/** Bytes a split-network stream may have on its way before credit is given back. */
export const STREAM_WINDOW_BYTES = 1024 * 1024;
/** Short names: domains, endpoints, codes, in bytes. */
export const MAX_NAME_BYTES = 96;
/** Facts of one log line or heartbeat. */
export const MAX_FACTS = 32;
/** Value of one fact, in bytes. */
export const MAX_FACT_BYTES = 512;
/** Pairs of one window question. */
export const MAX_PAIRS_PER_QUERY = 64;
/** Submissions of one Fabric transaction, and the longest of them in bytes. */
export const MAX_SUBMISSIONS_TOGETHER = 64;
export const MAX_SUBMISSION_CONTENT_BYTES = 1024 * 1024;
/** Indexes in one window. */
export const MAX_WINDOW_INDEXES = 8192;
/** Content ids in one question for bodies. */
export const MAX_CIDS_PER_QUESTION = 1024;
/** Ports of a switch. */
export const MAX_PORTS = 256;
/** Flows from port to port that are counted one by one. */
export const MAX_FLOWS = 2048;
/** Pairs of chains in a domain's security order. */
export const MAX_SECURITY_PAIRS = 256;
/** Port of management at every switch. */
export const MANAGEMENT_PORT = 0;
/** The switch itself. */
export const SWITCH_PORT = 255;
/**
 * A domain may start a frame to a port while fewer bytes than this of its frames to that port wait in the switch,
 * so one port that does not read never stops its peers' other ways.
 */
export const FLOW_WINDOW_BYTES = 4 * 1024 * 1024;
/** Above {@link FLOW_WINDOW_BYTES}, for small control messages. */
export const FLOW_RESERVE_BYTES = 512 * 1024;
/** Streams a domain may have open at a time. */
export const MAX_STREAMS_PER_DOMAIN = 64;
