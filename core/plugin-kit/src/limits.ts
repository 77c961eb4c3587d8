/** Connections to the intake of private bodies. */
export const MAX_INTAKE_CONNECTIONS = 32;
/** A sealed private body, in bytes. */
export const MAX_SEALED_BODY_BYTES = 128 * 1024;
/** Longest wait for the rest of a private body, and for its taking, in ms. */
export const INTAKE_DEADLINE_MS = 30_000;
/** Evidence that waits for a grant, in bytes: scanning pauses above it. */
export const MAX_READY_BYTES = 8 * 1024 * 1024;
/** Evidence in one message, in bytes; one evidence may be larger. */
export const COMFORTABLE_MESSAGE_BYTES = 1024 * 1024;
/** A range without events is told after this time, in ms, so that the cursor moves. */
export const EMPTY_RANGE_LINGER_MS = 250;
/** Grants that may be outstanding. */
export const MAX_GRANTS = 1024;
/** Blocks that a polling scanner asks for at a time. */
export const BLOCKS_IN_FLIGHT = 8;
/** Headers that a polling follower asks for at a time. */
export const HEADERS_PER_STEP = 16;
/** Wait before a node that failed is asked again, in ms. */
export const SOURCE_RETRY_MS = 500;
/** Blocks to go back when a reported block was replaced. */
export const REORG_STEP_BLOCKS = 16n;
