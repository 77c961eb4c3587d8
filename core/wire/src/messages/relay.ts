import { bytes, fixed, hash32, list, oneOf, struct, u32, u64 } from "../codec.ts";
import {
  MAX_BATCH_ENTRIES,
  MAX_BLOCK_BATCHES,
  MAX_BLOCK_ENTRIES,
  MAX_CIDS_PER_QUESTION,
  MAX_CONFIG_BYTES,
  MAX_EVIDENCES,
  MAX_EVIDENCE_BYTES,
  MAX_IBTP_BYTES,
  MAX_NAME_BYTES,
  MAX_VALIDATORS,
} from "./bounds.ts";
import {
  attestation,
  chainName,
  cidBytes,
  entryFacts,
  relayHeader,
  serviceName,
  shortName,
  signature65,
} from "./common.ts";

/** Evidence of one source block. */
export const chainEvidence = struct({
  chain: chainName,
  height: u64,
  evidence: bytes(MAX_EVIDENCE_BYTES),
});

/**
 * One IBTP with the place of its event: `evidence` is an index into the batch's evidences.
 * `ibtp` is BitXHub's protobuf IBTP; its type says request or receipt.
 */
export const publishEntry = struct({
  ibtp: bytes(MAX_IBTP_BYTES),
  evidence: u32,
  tx: u32,
  log: u32,
});

/** The signed part of a batch: its keccak256 over this encoding is what the gateway key signs. */
export const batchContent = struct({
  gateway: shortName,
  batchId: u64,
  evidences: list(chainEvidence, MAX_EVIDENCES),
  entries: list(publishEntry, MAX_BATCH_ENTRIES),
});

/**
 * Interaction to relay to relay chain: encoded {@link batchContent} and the gateway key's signature over
 * keccak256(content); an empty signature (65 zero bytes) asks for the open, rate-limited lane.
 */
export const publish = struct({ content: bytes(6 * 1024 * 1024), signature: signature65 });

/** Relay chain to gateway: per refused entry its code; entries not named were taken or known. */
export const publishAck = struct({
  batchId: u64,
  refused: list(struct({ entry: u32, code: shortName }), MAX_BATCH_ENTRIES),
});

/** Send blocks from this height on. */
export const wantBlocks = struct({ from: u64 });

/** One entry of a certified block; `body` is the bxh transaction under `cid`, empty while it is missing. */
export const blockEntry = struct({
  position: u32,
  facts: entryFacts,
  deadlineMs: u64,
  cid: cidBytes,
  body: bytes(MAX_IBTP_BYTES),
});

/** A certified block: attestation, all leaves in order, and the entries that concern the receiver. */
export const block = struct({
  attestation,
  leaves: list(hash32, MAX_BLOCK_ENTRIES),
  entries: list(blockEntry, MAX_BLOCK_ENTRIES),
});

/** First message on a connection to the orderer. `role` 1 gateway, 2 validator, 3 client. `signature` over keccak256("CrossGuardian.relay.hello" || nonce || name). */
export const relayHello = struct({
  role: oneOf([1, 2, 3]),
  name: shortName,
  height: u64,
  signature: signature65,
});

/** Orderer's first message: the relay chain's identity and a nonce for {@link relayHello}. */
export const relayChallenge = struct({ relayGenesis: hash32, nonce: fixed(32), height: u64 });

/** Orderer to validator: check this batch (proofs, registration, signature). `hash` is sha256 of the encoded publish message. */
export const checkBatch = struct({ hash: hash32, batch: bytes(6 * 1024 * 1024 + 128) });

/** Validator to orderer: batch found valid (code "") or refused with a code; per entry refusals are listed. */
export const checkedBatch = struct({
  hash: hash32,
  code: shortName,
  refused: list(struct({ entry: u32, code: shortName }), MAX_BATCH_ENTRIES),
});

/** One ordered unit: a checked batch by hash with the entries taken from it, a CANCEL, a REGISTER or a VALIDATORS document. */
export const proposal = struct({
  header: relayHeader,
  batches: list(
    struct({ hash: hash32, entries: list(u32, MAX_BATCH_ENTRIES) }),
    MAX_BLOCK_BATCHES,
  ),
  cancels: list(struct({ from: serviceName, to: serviceName, index: u64 }), MAX_BATCH_ENTRIES),
  registrations: list(bytes(MAX_CONFIG_BYTES), 16),
});

/** Validator to orderer: signature over the header's digest. */
export const vote = struct({ height: u64, hash: hash32, signature: signature65 });

/** Validator to orderer: it will not sign this proposal as things stand, and why. */
export const voteRefused = struct({ height: u64, hash: hash32, code: shortName });

/**
 * Validator to orderer, after its hello: the newest proposal it has signed, as an encoded {@link proposal}; empty for none. An orderer that lost the end of its
 * log makes that one again: no other of its height is signed.
 */
export const votedProposal = struct({ proposal: bytes(4 * 1024 * 1024) });

/** Orderer to validators: the certificate of a height. */
export const certified = struct({
  height: u64,
  hash: hash32,
  signatures: list(signature65, MAX_VALIDATORS),
});

/** Question for bodies by content id, and its answer in the same order; empty where not (yet) there. */
export const wantBodies = struct({ cids: list(cidBytes, MAX_CIDS_PER_QUESTION) });
/** Answer to {@link wantBodies}. */
export const bodies = struct({
  bodies: list(struct({ cid: cidBytes, body: bytes(MAX_IBTP_BYTES) }), MAX_CIDS_PER_QUESTION),
});

/** Client to orderer: a governance document (encoded registration with its signatures) to be ordered. */
export const registration = struct({
  document: bytes(MAX_CONFIG_BYTES),
  signatures: list(signature65, MAX_VALIDATORS),
});
/** Orderer to client: taken, or why not. */
export const registrationAck = struct({ hash: hash32, code: shortName });
/** Orderer to any client: a coded refusal before the connection ends. */
export const relayRefusal = struct({ code: shortName, detail: bytes(MAX_NAME_BYTES) });
