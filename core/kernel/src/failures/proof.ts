import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `proof`. */
export const PROOF_FAILURES = {
  "proof.kind.unknown": { action: "refuse", says: "there is no verifier for chains of this kind" },
  "proof.evidence.malformed": { action: "refuse", says: "the evidence does not decode" },
  "proof.rlp.malformed": { action: "refuse", says: "the RLP is not canonical or ends too early" },
  "proof.header.malformed": { action: "refuse", says: "a header field has another form than the chain's rules allow" },
  "proof.header.height": { action: "refuse", says: "the header stands at another height than was said" },
  "proof.header.fields": { action: "refuse", says: "no known fork has a header of this many fields" },
  "proof.trie.nodeMissing": { action: "refuse", says: "a trie node on the way to the receipt is not in the evidence" },
  "proof.trie.malformed": { action: "refuse", says: "a trie node has another form than a receipt trie allows" },
  "proof.trie.absent": { action: "refuse", says: "the trie holds no receipt at this transaction index" },
  "proof.receipt.type": { action: "refuse", says: "the receipt's type is not one of legacy and 1 to 4" },
  "proof.receipt.malformed": { action: "refuse", says: "the receipt has another form than its type allows" },
  "proof.receipt.failed": { action: "refuse", says: "the transaction failed: its receipt proves no event" },
  "proof.log.absent": { action: "refuse", says: "the receipt has no log at this position" },
  "proof.event.unknown": { action: "refuse", says: "the log is not an event of the gateway contract" },
  "proof.event.malformed": { action: "refuse", says: "the event's data is not the canonical encoding of its fields" },
} as const satisfies FailureTable;
