import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `protocol`. */
export const PROTOCOL_FAILURES = {
  "protocol.attestation.epoch": { action: "refuse", says: "the block is attested by another validator epoch" },
  "protocol.attestation.threshold": { action: "refuse", says: "fewer validators signed than the threshold asks for" },
  "protocol.attestation.signature": { action: "refuse", says: "a signature is invalid or has a high s" },
  "protocol.attestation.order": { action: "refuse", says: "signers are not strictly ascending: one signs twice or out of order" },
  "protocol.attestation.stranger": { action: "refuse", says: "a signer is not a validator of the epoch" },
  "protocol.block.root": { action: "alarm", says: "the block's leaves do not give its attested root" },
  "protocol.block.leaf": { action: "alarm", says: "an entry does not give the leaf at its position" },
  "protocol.witness.contradiction": { action: "alarm", says: "a header witness contradicts the quorum" },
  "protocol.chain.frozen": { action: "alarm", says: "the chain is frozen in both directions until governance acts" },
  "protocol.chain.noQuorum": { action: "retry", says: "not enough header witnesses agree yet; the chain waits" },
  "protocol.registry.genesis": { action: "refuse", says: "the document is for another chain or genesis" },
  "protocol.registry.nonce": { action: "refuse", says: "the document's nonce is not the next one" },
  "protocol.registry.governance": { action: "refuse", says: "too few or wrong governance signatures" },
  "protocol.registry.chainTwice": { action: "refuse", says: "two chains have the same numeric chain id" },
  "protocol.registry.chainUnknown": { action: "refuse", says: "the chain is not registered" },
  "protocol.registry.serviceUnknown": { action: "refuse", says: "the service is not registered" },
  "protocol.registry.gatewayUnknown": { action: "refuse", says: "the gateway is not registered" },
  "protocol.registry.validators": { action: "refuse", says: "the validator set does not follow the current epoch" },
  "protocol.entry.state": { action: "refuse", says: "the entry does not follow from the transfer's state" },
  "protocol.entry.window": { action: "refuse", says: "the index is outside the pair's window" },
  "protocol.entry.requestHash": { action: "alarm", says: "the same index came with another request hash" },
  "protocol.entry.mismatch": { action: "refuse", says: "the entry does not match the proven event" },
  "protocol.submission.mismatch": { action: "refuse", says: "what is submitted is not what the relay chain attested for this contract" },
} as const satisfies FailureTable;
