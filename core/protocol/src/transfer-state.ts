/** State of one (pair, index) at the relay (protocol, "Relay chain"). */
export type TransferState = "begin" | "beginRollback" | "success" | "failure" | "rollback";

/** What can happen to a transfer at the relay. */
export type TransferEvent = "cancel" | "success" | "failure" | "rollback";

/** A state that never changes again. */
export const isFinal = (state: TransferState): boolean =>
  state === "success" || state === "failure" || state === "rollback";

/**
 * The relay's state machine: the next state, or null where the event is refused.
 * BEGIN -> SUCCESS | FAILURE | BEGIN_ROLLBACK; BEGIN_ROLLBACK -> ROLLBACK | FAILURE | SUCCESS.
 */
export const stepTransfer = (state: TransferState, event: TransferEvent): TransferState | null => {
  switch (state) {
    case "begin":
      if (event === "cancel") return "beginRollback";
      return event === "rollback" ? null : event;
    case "beginRollback":
      return event === "cancel" ? null : event;
    case "success":
    case "failure":
    case "rollback":
      return null;
  }
};
