import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `kernel`. */
export const KERNEL_FAILURES = {
  "kernel.id.malformed": { action: "refuse", says: "the identifier does not have its form" },
  "kernel.hex.malformed": { action: "refuse", says: "the text is not hexadecimal of the wanted length" },
  "kernel.json.keyTwice": { action: "refuse", says: "a JSON document has a key twice in one object, so two readers could understand different things" },
  "kernel.json.depth": { action: "refuse", says: "a JSON document is nested deeper than any that is read here" },
  "kernel.deadline.passed": { action: "retry", says: "the wait ended before what was waited for came" },
} as const satisfies FailureTable;
