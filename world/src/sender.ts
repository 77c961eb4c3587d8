import { type Hex, keccak256, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { CodedError } from "@crossguardian/kernel";

import { type Rpc } from "./rpc.ts";

/** A transaction to send: a call, or a deployment when `to` is null. */
export type Draft = { readonly to: Hex | null; readonly data: Hex; readonly value?: bigint; readonly gas?: bigint };

/** Signs with one account and keeps its nonce. */
export type Sender = {
  readonly address: Hex;
  /** Signed transactions with consecutive nonces; nothing is sent. */
  readonly sign: (drafts: readonly Draft[]) => Promise<readonly Hex[]>;
  /** Sends in order and returns the hashes. */
  readonly send: (drafts: readonly Draft[]) => Promise<readonly Hex[]>;
  /** Sends and waits until all are mined. @throws cli.transaction.reverted, cli.transaction.missing */
  readonly run: (drafts: readonly Draft[]) => Promise<readonly Receipt[]>;
};

/** The parts of a JSON-RPC receipt that are used here. */
export type Receipt = {
  readonly transactionHash: Hex;
  readonly status: Hex;
  readonly contractAddress: Hex | null;
  readonly gasUsed: Hex;
  readonly blockNumber: Hex;
  readonly logs: readonly { readonly address: Hex; readonly topics: readonly Hex[]; readonly data: Hex }[];
};

const MINED_DEADLINE_MS = 60_000;
const ASK_EVERY_MS = 40;
const DEFAULT_GAS = 12_000_000n;
const DEFAULT_GAS_PRICE_WEI = 3_000_000_000n;

/** Waits for receipts by polling. @throws cli.transaction.missing after the deadline */
export const awaitReceipts = async (rpc: Rpc, hashes: readonly Hex[], deadlineMs = MINED_DEADLINE_MS): Promise<readonly Receipt[]> => {
  const until = performance.now() + deadlineMs;
  const found = new Map<Hex, Receipt>();
  while (found.size < hashes.length) {
    const open = hashes.filter((hash) => !found.has(hash)).slice(0, 200);
    const answers = await rpc.batch<Receipt | null>(
      open.map((hash) => ({ method: "eth_getTransactionReceipt", params: [hash] })),
    );
    open.forEach((hash, at) => {
      const receipt = answers[at];
      if (receipt !== null && receipt !== undefined) found.set(hash, receipt);
    });
    if (found.size === hashes.length) break;
    if (performance.now() > until) {
      throw new CodedError("cli.transaction.missing", { hash: open[0] ?? "", waitedMs: deadlineMs });
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  return hashes.map((hash) => {
    const receipt = found.get(hash);
    if (receipt === undefined) throw new Error("a receipt that was found is gone");
    return receipt;
  });
};

/** How a sender behaves where chains are not development chains. */
export type SenderOptions = { readonly leastGasPriceWei?: bigint; readonly minedDeadlineMs?: number };

/** A sender for one private key on one chain. Legacy transactions, so that every node takes them. */
export const makeSender = (rpc: Rpc, chainId: number, privateKey: Hex, options: SenderOptions = {}): Sender => {
  const leastGasPriceWei = options.leastGasPriceWei ?? DEFAULT_GAS_PRICE_WEI;
  const account = privateKeyToAccount(privateKey);
  let nonce: number | null = null;
  let gasPrice: bigint | null = null;

  const sign = async (drafts: readonly Draft[]): Promise<readonly Hex[]> => {
    nonce ??= Number(await rpc.call<Hex>("eth_getTransactionCount", [account.address, "pending"]));
    if (gasPrice === null) {
      const asked = BigInt(await rpc.call<Hex>("eth_gasPrice", [])) * 2n;
      gasPrice = asked > leastGasPriceWei ? asked : leastGasPriceWei;
    }
    const first = nonce;
    const price = gasPrice;
    nonce += drafts.length;
    return Promise.all(
      drafts.map(async (draft, at) =>
        account.signTransaction({
          type: "legacy",
          chainId,
          nonce: first + at,
          gasPrice: price,
          gas: draft.gas ?? DEFAULT_GAS,
          to: draft.to,
          data: draft.data,
          value: draft.value ?? 0n,
        }),
      ),
    );
  };

  const send = async (drafts: readonly Draft[]): Promise<readonly Hex[]> => {
    const raws = await sign(drafts);
    for (const raw of raws) await rpc.call<Hex>("eth_sendRawTransaction", [raw]);
    return raws.map((raw) => keccak256(raw));
  };

  return {
    address: account.address,
    sign,
    send,
    run: async (drafts) => {
      const receipts = await awaitReceipts(rpc, await send(drafts), options.minedDeadlineMs);
      for (const receipt of receipts) {
        if (receipt.status !== toHex(1)) {
          throw new CodedError("cli.transaction.reverted", { hash: receipt.transactionHash });
        }
      }
      return receipts;
    },
  };
};
