import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `devnet`. */
export const DEVNET_FAILURES = {
  "devnet.anvil.missing": {
    action: "refuse",
    says: "anvil has no npm package for this processor: use Ganache (--chain ganache) or a chain of your own",
  },
  "devnet.chain.failed": { action: "retry", says: "the development chain ended before it answered" },
  "devnet.chain.silent": {
    action: "retry",
    says: "the development chain did not answer within its deadline",
  },
  "devnet.option.bad": { action: "refuse", says: "an option of the development chain is out of range" },
  "devnet.proxy.failed": { action: "retry", says: "the proxy process ended or did not answer" },
  "devnet.proxy.unknown": { action: "refuse", says: "there is no proxy with this number" },
  "devnet.upstream.failed": { action: "retry", says: "the node behind the proxy did not answer" },
} as const satisfies FailureTable;
