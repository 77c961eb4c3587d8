import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `frontend`. */
export const FRONTEND_FAILURES = {
  "frontend.channel.missing": { action: "alarm", says: "the process was started without its channel descriptor" },
  "frontend.name.missing": { action: "alarm", says: "the process was started without its name (CG_NAME)" },
  "frontend.key.unreadable": { action: "alarm", says: "the key slot does not hold 32 bytes this domain can read" },
  "frontend.start.late": { action: "retry", says: "no start order came within the deadline" },
  "frontend.start.config": { action: "alarm", says: "the configuration in the start order does not decode" },
  "frontend.start.stale": { action: "refuse", says: "the start order is for another instance epoch" },
  "frontend.origin.absent": { action: "refuse", says: "a message of a peer that the switch has not said to be there: its instance is gone" },
  "frontend.peer.stale": { action: "alarm", says: "a peer is said to be there in an older instance than one that was there before; it is not believed" },
  "frontend.origin.unknown": { action: "refuse", says: "a message came from a port the start order does not name" },
  "frontend.message.unwanted": { action: "refuse", says: "a message came that nothing in this domain takes" },
  "frontend.control.unknown": { action: "refuse", says: "the domain does not know this command" },
  "frontend.control.failed": { action: "refuse", says: "the domain failed to answer this command" },
  "frontend.control.oversize": { action: "refuse", says: "the answer is longer than an answer may be" },
  "frontend.stream.limit": { action: "retry", says: "the domain has as many streams open as it may" },
  "frontend.stream.lost": { action: "retry", says: "the network domain or the switch was replaced; the stream is gone" },
  "frontend.stream.unknown": { action: "refuse", says: "a connection came from an intake this domain does not serve" },
  "frontend.stream.window": { action: "refuse", says: "the other end sent more than it had credit for" },
  "frontend.stream.closed": { action: "retry", says: "the network domain ended the stream" },
} as const satisfies FailureTable;
