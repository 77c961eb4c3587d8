import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `fabric`. */
export const FABRIC_FAILURES = {
  "fabric.config.settings": { action: "alarm", says: "the settings or the registered terms of a Fabric chain do not decode" },
  "fabric.config.identity": { action: "alarm", says: "the certificate or key with which a domain speaks on the channel is not usable, or the certificate is of another key; enrol the key of its slot" },
  "fabric.config.endpoint": { action: "alarm", says: "a Fabric chain has no endpoint, or one that is not grpc or grpcs, or the chain is of another kind" },
  "fabric.peer.lost": { action: "retry", says: "the connection to a peer ended, or never came up; `what` says where" },
  "fabric.peer.status": { action: "retry", says: "a peer answered a request for blocks with a status: 403 it does not let this identity read, 404 it does not know the channel" },
  "fabric.peer.order": { action: "retry", says: "a peer delivered another block than the next one" },
  "fabric.peer.chain": { action: "alarm", says: "a block that a peer delivered does not follow the one before it" },
  "fabric.peer.genesis": { action: "alarm", says: "a peer's genesis block is not that of the registered channel" },
  "fabric.event.unproven": { action: "alarm", says: "a committed transaction of the gateway chaincode can not be proven by the registered terms, so its events are left out; `because` says why" },
  "fabric.block.large": { action: "alarm", says: "a block has more bytes or gateway events than evidence may: the channel's AbsoluteMaxBytes must be below 4 MiB; its events are left out" },
  "fabric.submit.malformed": { action: "refuse", says: "a submission has no entries, or not one body or result per entry" },
  "fabric.submit.full": { action: "retry", says: "as many submissions as may wait for the peer wait already" },
  "fabric.submit.conflict": { action: "retry", says: "transactions lost the race for the same keys (MVCC) more often than is tried" },
  "fabric.submit.refused": { action: "retry", says: "the peers or the chaincode refused a transaction; `detail` is what they said" },
  "fabric.call.failed": { action: "retry", says: "a peer did not answer a call" },
} as const satisfies FailureTable;
