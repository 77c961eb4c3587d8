import { type Coin } from "@crossguardian/devnet";
import { equalBytes, to0x, toHex } from "@crossguardian/kernel";
import { type Hashes } from "@crossguardian/protocol";
import { type UtxoNode } from "@crossguardian/plugin-utxo";
import { payloadOf, sha256d } from "@crossguardian/proof";
import { type PoolSettings } from "@crossguardian/utxo";

import { type TransferEvent } from "../../oracle/chain-facts.ts";

/** One step of the pool as its chain shows it. */
export type PoolStep = { readonly event: TransferEvent; readonly peer: number; readonly amount: bigint; readonly payment: bigint };

/** What a pool's chain has shown so far: its steps, and coins by the script that they pay to. */
export type PoolHistory = {
  readonly upTo: (height: bigint) => Promise<void>;
  readonly steps: readonly PoolStep[];
  readonly coinsOf: (script: Uint8Array) => readonly Coin[];
};

/** Reads blocks in order from a first one on, each once, and follows the pool from its first output. */
export const makePoolHistory = (node: UtxoNode, sha256: (bytes: Uint8Array) => Uint8Array, hashes: Pick<Hashes, "serviceKey">, settings: PoolSettings): PoolHistory => {
  const steps: PoolStep[] = [];
  const coins = new Map<string, { readonly script: string; readonly coin: Coin }>();
  let tip = sha256d(sha256, settings.funding);
  let next = settings.startHeight;
  let running: Promise<void> = Promise.resolve();
  const own = to0x(hashes.serviceKey(settings.service));

  const readBlock = async (height: bigint): Promise<void> => {
    const { transactions } = await node.block(height);
    for (const { transaction, txid } of transactions) {
      for (const { txid: spent, vout } of transaction.inputs) coins.delete(`${toHex(spent)}:${String(vout)}`);
      for (const [vout, { value, script }] of transaction.outputs.entries()) coins.set(`${toHex(txid)}:${String(vout)}`, { script: toHex(script), coin: { txid, vout, value } });
      const [first, second] = transaction.inputs;
      const said = payloadOf(transaction.outputs[1]?.script ?? new Uint8Array(0));
      // The transaction that funds the pool pays users too: only its first output is the pool.
      if (first?.vout !== 0 || !equalBytes(first.txid, tip)) continue;
      tip = txid;
      const peerId = said === null ? undefined : settings.peers[said.peer]?.service;
      if (said === null || said.type === "lock" || peerId === undefined) continue;
      const peer = to0x(hashes.serviceKey(peerId));
      const isInward = said.type === "receipt";
      const isRequest = said.type === "request";
      steps.push({
        peer: said.peer,
        amount: isRequest ? said.amount : 0n,
        payment: transaction.outputs[2]?.value ?? 0n,
        event: {
          event: isRequest ? "Request" : isInward ? "Receipt" : "Settled",
          from: isInward ? peer : own, to: isInward ? own : peer, index: BigInt(said.index), status: isRequest ? 0 : said.status,
          timeoutMs: isRequest ? BigInt(said.timeoutS) * 1_000n : 0n, block: height,
          transaction: to0x(isRequest ? (second?.txid ?? txid) : txid), seenAtMs: Date.now(),
        },
      });
    }
  };

  return {
    steps,
    coinsOf: (script) => [...coins.values()].filter((each) => each.script === toHex(script)).map(({ coin }) => coin),
    upTo: async (height) => {
      const mine = running.then(async () => {
        for (; next <= height; next += 1n) await readBlock(next);
      });
      running = mine.catch(() => undefined);
      await mine;
    },
  };
};
