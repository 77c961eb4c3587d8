import { CodedError, equalBytes, type Hash, toHex } from "@crossguardian/kernel";
import { type Ledger, makeLedger, makeRegistry, type Registry, type RelayGenesisDocument } from "@crossguardian/protocol";
import { decodeMessage, ENTRY_KIND, type Message, MESSAGES } from "@crossguardian/wire";
import { type PlanPowers } from "../blocks/plan-block.ts";
import { applySealed, decodeSealed, genesisHead, type Head } from "../blocks/sealed-block.ts";
import { ORDER_RECORD, readOrderRecord } from "./order-record.ts";

/** A proposal of the log with the publish messages it refers to. */
export type LoggedProposal = {
  readonly bytes: Uint8Array;
  readonly message: Message<"proposal">;
  readonly batches: readonly Uint8Array[];
};

/** State of the orderer after both logs were read. */
export type OrdererStart = {
  readonly registry: Registry;
  readonly ledger: Ledger;
  readonly head: Head;
  /** Offset of block h in the chain log at h - 1. */
  readonly blockOffsets: number[];
  /** Publish messages of batches that are not finished, oldest first. */
  readonly batches: readonly Uint8Array[];
  /** Proposals above the head, ascending: validators may have signed them, so they come again before anything else. */
  readonly proposals: readonly LoggedProposal[];
  /** Registration messages that may not be ordered yet. */
  readonly registrations: readonly Uint8Array[];
  /** Hashes in hex of the governance documents that are ordered. */
  readonly documents: ReadonlySet<string>;
  /** Entries of all blocks. */
  readonly entries: bigint;
};

/** Takes the records of both logs in their order: first all of the chain log, then all of the order log. */
export type Rebuild = {
  readonly takeBlock: (record: Uint8Array, offset: number) => void;
  readonly takeOrder: (record: Uint8Array) => void;
  readonly finish: () => OrdererStart;
};

/**
 * Rebuilds the orderer from its logs.
 * @throws relaychain.log.foreign for logs of another relay chain, relaychain.log.broken when records do not follow.
 */
export const makeRebuild = (powers: PlanPowers & { readonly sha256: Hash }, genesis: RelayGenesisDocument): Rebuild => {
  const ledger = makeLedger();
  let registry = makeRegistry(powers.hashes, genesis);
  let head = genesisHead(registry, genesis);
  const blockOffsets: number[] = [];
  const batches = new Map<string, Uint8Array>();
  const proposals = new Map<bigint, Omit<LoggedProposal, "batches">>();
  const held = new Set<string>();
  const done = new Set<string>();
  let registrations: Uint8Array[] = [];
  const documents = new Set<string>();
  let entries = 0n;

  const takeProposal = (content: Uint8Array): void => {
    const bytes = content.slice();
    const message = decodeMessage(MESSAGES.proposal.codec, bytes);
    if (!message.ok) throw new CodedError("relaychain.log.broken", { why: message.failure.code });
    const { height } = message.value.header;
    if (height <= head.height) return;
    proposals.set(height, { bytes, message: message.value });
    for (const { hash } of message.value.batches) held.add(toHex(hash));
  };

  return {
    takeBlock: (record, offset) => {
      const block = decodeSealed(record);
      const { header } = block.attestation;
      if (header.height !== head.height + 1n || !equalBytes(header.prevHash, head.hash)) {
        const foreign = head.height === 0n && header.height === 1n;
        throw new CodedError(foreign ? "relaychain.log.foreign" : "relaychain.log.broken", { height: header.height, head: head.height });
      }
      registry = applySealed(powers, { registry, ledger }, block);
      head = { height: header.height, hash: powers.hashes.blockDigest(registry.relayGenesis, header), tickMs: header.tickMs };
      blockOffsets.push(offset);
      entries += BigInt(block.entries.length);
      for (const { facts } of block.entries) {
        if (facts.kind === ENTRY_KIND.register) documents.add(toHex(facts.requestHash));
      }
    },
    takeOrder: (record) => {
      const { kind, content } = readOrderRecord(record);
      if (kind === ORDER_RECORD.identity) {
        if (!equalBytes(content, registry.relayGenesis)) throw new CodedError("relaychain.log.foreign", { log: "orders" });
      } else if (kind === ORDER_RECORD.batch) {
        batches.set(toHex(powers.sha256(content)), content.slice());
      } else if (kind === ORDER_RECORD.batchDone) {
        const hex = toHex(content);
        if (held.has(hex)) done.add(hex);
        else batches.delete(hex);
      } else if (kind === ORDER_RECORD.proposal) {
        takeProposal(content);
      } else {
        registrations = [...registrations, content.slice()];
      }
    },
    finish: () => {
      const above: LoggedProposal[] = [];
      for (let height = head.height + 1n; ; height += 1n) {
        const logged = proposals.get(height);
        if (logged === undefined) break;
        const named = logged.message.batches.map(({ hash }) => batches.get(toHex(hash)));
        above.push({ ...logged, batches: named.filter((each) => each !== undefined) });
      }
      const left = [...batches].filter(([hex]) => !done.has(hex)).map(([, publish]) => publish);
      return { registry, ledger, head, blockOffsets, batches: left, proposals: above, registrations, documents, entries };
    },
  };
};
