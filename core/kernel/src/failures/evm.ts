import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `evm`. */
export const EVM_FAILURES = {
  "evm.config.endpoint": { action: "alarm", says: "an endpoint has another scheme than ws or http, or there is none" },
  "evm.rpc.down": { action: "retry", says: "there is no connection to the node" },
  "evm.rpc.lost": { action: "retry", says: "the connection to the node ended before its answer came" },
  "evm.rpc.deadline": { action: "retry", says: "the node did not answer in time" },
  "evm.rpc.busy": { action: "retry", says: "too many questions to the node are open" },
  "evm.rpc.refused": { action: "retry", says: "the node answered with an error" },
  "evm.rpc.transport": { action: "retry", says: "the connection to the node failed" },
  "evm.answer.oversize": { action: "refuse", says: "the node's answer is longer than its bound" },
  "evm.answer.malformed": { action: "refuse", says: "the node's answer has another form than the method's" },
  "evm.node.genesis": { action: "alarm", says: "the node serves a chain with another genesis" },
  "evm.node.header": { action: "alarm", says: "a header from the node does not hash to its own hash" },
  "evm.node.receipts": { action: "alarm", says: "the node's receipts do not give the block's receipts root" },
  "evm.node.reorg": { action: "alarm", says: "a block deeper than the configured depth was replaced" },
  "evm.receipt.type": { action: "alarm", says: "a receipt of an unknown type cannot be proven" },
  "evm.submit.full": { action: "retry", says: "too many submissions are waiting" },
  "evm.submit.malformed": { action: "refuse", says: "the submission's parts do not fit together" },
  "evm.submit.rejected": { action: "retry", says: "the node did not take the transaction" },
  "evm.submit.funds": { action: "alarm", says: "the submitting account cannot pay for its transactions" },
  "evm.submit.replaced": { action: "retry", says: "another transaction took the nonce" },
  "evm.submit.stuck": { action: "alarm", says: "a transaction is not mined although its fee was raised" },
  "evm.account.low": { action: "alarm", says: "the submitting account's balance is low" },
  "evm.intake.malformed": { action: "refuse", says: "the private body does not decode" },
  "evm.intake.full": { action: "retry", says: "too many private bodies are waiting" },
  "evm.intake.deadline": { action: "retry", says: "the private body was not taken in time" },
} as const satisfies FailureTable;
