import { CodedError, equalBytes, type Hash } from "@crossguardian/kernel";
import { type BlockSource, type HeaderSource } from "@crossguardian/plugin-kit";
import { ledgerBlockHash, ledgerEvent, ledgerEventsTree, ledgerEvidence, ledgerHeader, type LedgerHeader } from "@crossguardian/proof";
import { decodeMessage, encodeMessage } from "@crossguardian/wire";
import { decodeBlock, decodeTip } from "./decode-answer.ts";

/** What the source reads with: a GET to the node. */
export type Ask = (path: string) => Promise<string>;

type Block = { readonly encoded: Uint8Array; readonly header: LedgerHeader; readonly events: readonly Uint8Array[] };

/**
 * Reads a ledger: GET /tip answers {height}, GET /blocks/N {header, events} in hexadecimal. What does not hash to the
 * header is refused here already, so that a broken node is seen; who lies well is caught by the verifier.
 */
export const makeLedgerSource = (
  ask: Ask,
  sha256: Hash,
  chain: { readonly genesisHash: Uint8Array; readonly contract: Uint8Array },
): BlockSource & HeaderSource => {
  let isGenesisKnown = false;
  const block = async (height: bigint): Promise<Block> => {
    const { header: encoded, events } = decodeBlock(await ask(`/blocks/${height.toString()}`));
    const header = decodeMessage(ledgerHeader, encoded);
    if (!header.ok || header.value.height !== height) throw new CodedError("plugin.answer.refused", { what: "header", height });
    if (!equalBytes(ledgerEventsTree(sha256, events).root, header.value.eventsRoot)) throw new CodedError("plugin.answer.refused", { what: "events", height });
    return { encoded, header: header.value, events };
  };
  return {
    tip: async () => {
      if (!isGenesisKnown) {
        if (!equalBytes(ledgerBlockHash(sha256, (await block(0n)).encoded), chain.genesisHash)) throw new CodedError("plugin.node.genesis");
        isGenesisKnown = true;
      }
      return decodeTip(await ask("/tip"));
    },
    header: async (height) => {
      const { encoded, header } = await block(height);
      return { height, hash: ledgerBlockHash(sha256, encoded), parentHash: header.parentHash };
    },
    events: async (height) => {
      const { encoded, events } = await block(height);
      const ours = events.flatMap((event, at) => {
        const decoded = decodeMessage(ledgerEvent, event);
        return decoded.ok && equalBytes(decoded.value.emitter, chain.contract) ? [at] : [];
      });
      if (ours.length === 0) return [];
      const tree = ledgerEventsTree(sha256, events);
      const proofs = ours.map((at) => ({ position: BigInt(at), event: events[at] ?? encoded, siblings: tree.siblings(at) }));
      return [{ height, evidence: encodeMessage(ledgerEvidence, { header: encoded, events: proofs }), places: ours.map((tx) => ({ tx, log: 0 })) }];
    },
  };
};
