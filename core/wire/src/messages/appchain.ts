import { bytes, bool, hash32, list, oneOf, struct, text, u32, u64, u8 } from "../codec.ts";
import {
  MAX_ARGS,
  MAX_ARG_BYTES,
  MAX_BLOCK_ENTRIES,
  MAX_EVIDENCES,
  MAX_EVIDENCE_BYTES,
  MAX_FACT_BYTES,
  MAX_FUNC_BYTES,
  MAX_HEADERS_PER_REPORT,
  MAX_ITEMS_PER_EVIDENCE,
  MAX_PAIRS_PER_QUERY,
  MAX_RESULT_BYTES,
  MAX_SUBMISSIONS_TOGETHER,
  MAX_SUBMISSION_CONTENT_BYTES,
  MAX_TREE_LEVELS,
  MAX_WINDOW_INDEXES,
} from "./bounds.ts";
import { attestation, chainName, serviceName, shortName, txStatus } from "./common.ts";

/** Witness to interaction: headers at finality depth, consecutive, and the tip the witness sees. */
export const headerReport = struct({
  chain: chainName,
  tip: u64,
  headers: list(struct({ height: u64, hash: hash32, parentHash: hash32 }), MAX_HEADERS_PER_REPORT),
});

/** Interaction to witness: report from this height on. */
export const wantHeaders = struct({ chain: chainName, from: u64 });

/**
 * Evidence of one block with the events it proves. For EVM chains `evidence` is {@link evmEvidence}.
 * `settled` are the places of Settled events (bookkeeping only, still proven).
 */
export const provenBlock = struct({
  height: u64,
  evidence: bytes(MAX_EVIDENCE_BYTES),
  places: list(struct({ tx: u32, log: u32 }), MAX_ITEMS_PER_EVIDENCE),
});

/**
 * Plugin to interaction: all gateway events of blocks [from, to], blocks without one left out.
 * A block whose events need more than one evidence (above 3 MiB or 4096 events) comes in several of the same height,
 * possibly over several messages: `to` is below that height until its last piece.
 */
export const observed = struct({
  chain: chainName,
  from: u64,
  to: u64,
  blocks: list(provenBlock, MAX_EVIDENCES),
});

/** Interaction to plugin: scan from this block; `grants` more `observed` messages may be sent. */
export const scan = struct({ chain: chainName, from: u64, grants: u32, restart: bool });

/** EVM evidence: the block header's RLP and the receipt trie's nodes that lead to the events, each once. */
export const evmEvidence = struct({
  header: bytes(4096),
  nodes: list(bytes(MAX_EVIDENCE_BYTES), MAX_ITEMS_PER_EVIDENCE * 4),
});

/** What the destination contract calls: the arguments of bodyHash and the rest of requestHash. */
export const callBody = struct({
  srcChain: hash32,
  srcContract: hash32,
  timeoutMs: u64,
  priority: u8,
  isPrivate: bool,
  salt: hash32,
  func: text(MAX_FUNC_BYTES),
  args: list(bytes(MAX_ARG_BYTES), MAX_ARGS),
});

/** One attested entry on its way into a contract; `position` and `siblings` are its inclusion. */
export const submitEntry = struct({
  from: serviceName,
  to: serviceName,
  index: u64,
  requestHash: hash32,
  status: txStatus,
  resultHash: hash32,
  position: u32,
  siblings: list(hash32, MAX_TREE_LEVELS),
});

/** Contract call of a submission. */
export const SUBMIT_CALL = { execute: 1, settle: 2, cancel: 3, rotate: 4 } as const;

/**
 * Interaction to plugin: put these entries into the contract in one transaction.
 * `bodies` go with execute (one per entry), `results` with settle (one per entry); else empty.
 */
export const submit = struct({
  chain: chainName,
  id: u64,
  call: oneOf([1, 2, 3, 4]),
  attestation,
  entries: list(submitEntry, MAX_BLOCK_ENTRIES),
  bodies: list(callBody, MAX_BLOCK_ENTRIES),
  results: list(bytes(MAX_RESULT_BYTES), MAX_BLOCK_ENTRIES),
});

/** Argument of the Fabric chaincode's `gateway:together`: submissions, each a `submit`, in their order. */
export const fabricTogether = list(bytes(MAX_SUBMISSION_CONTENT_BYTES), MAX_SUBMISSIONS_TOGETHER);

/** Plugin to interaction: what became of a submission; a hint only, the contract's event decides. */
export const submitted = struct({
  chain: chainName,
  id: u64,
  outcome: oneOf([1, 2, 3]),
  detail: text(MAX_FACT_BYTES),
});
/** Outcomes of a submission. */
export const SUBMIT_OUTCOME = { mined: 1, reverted: 2, failed: 3 } as const;

/** Interaction to plugin: which indexes of these pairs are decided in the contract. `side` 1 source, 2 destination. */
export const query = struct({
  chain: chainName,
  id: u64,
  pairs: list(
    struct({ from: serviceName, to: serviceName, side: oneOf([1, 2]), base: u64, count: u32 }),
    MAX_PAIRS_PER_QUERY,
  ),
});

/** Plugin to interaction: per pair a bitmap from `base`, lowest index in the lowest bit of the first byte. */
export const decided = struct({
  chain: chainName,
  id: u64,
  pairs: list(
    struct({
      from: serviceName,
      to: serviceName,
      side: oneOf([1, 2]),
      base: u64,
      last: u64,
      bitmap: bytes(MAX_WINDOW_INDEXES / 8),
    }),
    MAX_PAIRS_PER_QUERY,
  ),
});

/** Plaintext of a sealed private body, and of the encrypted content of a private request: what bodyHash is made of. */
export const privateCall = struct({
  salt: hash32,
  func: text(MAX_FUNC_BYTES),
  args: list(bytes(MAX_ARG_BYTES), MAX_ARGS),
});

/** Plugin to interaction: a sealed private body taken at the local intake (protocol, requestPrivate). */
export const privateBody = struct({ chain: chainName, bodyHash: hash32, sealed: bytes(MAX_EVIDENCE_BYTES) });

/** Interaction to plugin: whether the private body was taken. */
export const privateBodyTaken = struct({ chain: chainName, bodyHash: hash32, code: shortName });
