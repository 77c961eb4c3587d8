/** Connections to the intake of private bodies. */
export const MAX_INTAKE_CONNECTIONS = 32;
/** A sealed private body, in bytes. */
export const MAX_SEALED_BODY_BYTES = 128 * 1024;
/** Longest wait for the rest of a private body, and for its taking, in ms. */
export const INTAKE_DEADLINE_MS = 10_000;
