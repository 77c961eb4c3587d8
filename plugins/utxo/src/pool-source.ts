import { CodedError, equalBytes, type Hash, toHex } from "@crossguardian/kernel";
import { type BlockSource, type ProvenPiece } from "@crossguardian/plugin-kit";
import { type Outpoint, payloadOf, scriptProgram, sha256d, utxoEvidence } from "@crossguardian/proof";
import { type Deposit } from "@crossguardian/utxo";
import { encodeMessage } from "@crossguardian/wire";
import { type BlockTransaction, type ChainBlock, merkleBranch } from "./chain-block.ts";
import { type UtxoNode } from "./node.ts";

/** A user's output to the pool, proven, that waits to be opened. */
export type FoundDeposit = Outpoint & { readonly deposit: Deposit };

/** What a block says of a pool. */
export type PoolBlock = { readonly pieces: readonly ProvenPiece[]; readonly deposits: readonly FoundDeposit[]; readonly steps: readonly string[] };

const NONE = new Uint8Array(0);
const PAYLOAD_OUTPUT = 1;

/** Reads blocks of a chain for a pool. `previousOf`: the transaction whose output a step spends, without witness, or null while it is not known. */
export const makePoolSource = (
  node: UtxoNode,
  sha256: Hash,
  pool: { readonly program: Uint8Array; readonly depth: number; readonly previousOf: (txid: Uint8Array) => Uint8Array | null },
): { readonly read: (height: bigint) => Promise<PoolBlock>; readonly source: BlockSource } => {
  /** Steps that the chain has shown and no signer has told of yet. */
  const shown = new Map<string, Uint8Array>();
  const isToPool = ({ transaction }: BlockTransaction, vout: number): boolean => {
    const program = scriptProgram(transaction.outputs[vout]?.script ?? NONE);
    return program !== null && equalBytes(program, pool.program);
  };
  const headersFrom = async (height: bigint, first: Uint8Array): Promise<readonly Uint8Array[]> => {
    const headers = [first, ...(await Promise.all(Array.from({ length: pool.depth }, async (_, at) => node.headerBytes(height + BigInt(at + 1)))))];
    for (const [at, header] of headers.entries()) {
      const below = headers[at - 1];
      if (below !== undefined && !equalBytes(header.subarray(4, 36), sha256d(sha256, below))) throw new CodedError("plugin.answer.refused", { what: "headers", height });
    }
    return headers;
  };
  const evidenceOf = (headers: readonly Uint8Array[], block: ChainBlock, items: readonly { readonly position: number; readonly previous: Uint8Array }[]): Uint8Array => {
    const leaves = block.transactions.map(({ txid }) => txid);
    const transactions = items.map(({ position, previous }) => ({
      position, previous, transaction: block.transactions[position]?.encoded ?? NONE, branch: merkleBranch(sha256, leaves, position).branch,
    }));
    const [first] = block.transactions;
    if (first === undefined) throw new CodedError("plugin.answer.refused", { what: "block" });
    return encodeMessage(utxoEvidence, { headers, coinbase: { transaction: first.encoded, branch: merkleBranch(sha256, leaves, 0).branch }, transactions });
  };

  const read = async (height: bigint): Promise<PoolBlock> => {
    const block = await node.block(height);
    const steps: { readonly position: number; readonly previous: Uint8Array; readonly txid: string }[] = [];
    const found: { readonly position: number; readonly vout: number; readonly txid: Uint8Array }[] = [];
    for (const [position, each] of block.transactions.entries()) {
      const [first] = each.transaction.inputs;
      const payload = each.transaction.outputs.map(({ script }) => payloadOf(script)).find((one) => one !== null) ?? null;
      if (payload === null || first === undefined) continue;
      if (payload.type === "lock") {
        const vout = each.transaction.outputs.findIndex((_, at) => isToPool(each, at));
        if (vout >= 0) found.push({ position, vout, txid: each.txid });
        continue;
      }
      if (!isToPool(each, 0)) continue;
      const previous = pool.previousOf(first.txid) ?? shown.get(toHex(first.txid)) ?? null;
      if (previous === null || first.vout !== 0) continue;
      shown.set(toHex(each.txid), each.encoded);
      steps.push({ position, previous, txid: toHex(each.txid) });
    }
    if (steps.length + found.length === 0) return { pieces: [], deposits: [], steps: [] };
    const headers = await headersFrom(height, block.header);
    return {
      pieces: steps.length === 0 ? [] : [{ height, evidence: evidenceOf(headers, block, steps), places: steps.map(({ position }) => ({ tx: position, log: PAYLOAD_OUTPUT })) }],
      deposits: found.map(({ position, vout, txid }) => ({
        txid, vout, deposit: { height, evidence: evidenceOf(headers, block, [{ position, previous: NONE }]), position, vout },
      })),
      steps: steps.map(({ txid }) => txid),
    };
  };
  return { read, source: { tip: node.tip, events: async (height) => (await read(height)).pieces } };
};

