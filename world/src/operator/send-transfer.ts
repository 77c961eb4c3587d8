import { gatewayAbi, tokenAbi, vaultAbi } from "@crossguardian/contracts-evm";
import { CodedError, ibtpId, parseServiceId, to0x } from "@crossguardian/kernel";
import { type Hashes } from "@crossguardian/protocol";
import { decodeEventLog, decodeFunctionResult, encodeFunctionData, type Hex } from "viem";

import { type Deployment } from "../contract-drafts.ts";
import { transferKey } from "../oracle/follow-chains.ts";
import { readTransferEvents, headOf } from "../oracle/chain-facts.ts";
import { makeRpc } from "../rpc.ts";
import { type Receipt } from "../sender.ts";
import { type SavedWorld } from "../saved-world.ts";
import { peersOf, vaultOf } from "../world.ts";
import { openChainAccount } from "./chain-account.ts";

/** An asset transfer to send. `amount` in the token's smallest unit. */
export type TransferOrder = {
  readonly from: string;
  readonly to: string;
  readonly amount: bigint;
  readonly timeoutMs: bigint;
  readonly privateKey: Hex;
  /** Null sends to the sender's own address. */
  readonly receiver: Hex | null;
};

/** A transfer as its Request event names it. */
export type SentTransfer = { readonly id: string; readonly key: string; readonly chain: string; readonly transaction: Hex; readonly block: number };

/** How a transfer ended on its source chain. */
export type Outcome = { readonly outcome: "committed" | "rolledBack"; readonly status: number; readonly block: number; readonly tookMs: number };

const STATUS_SUCCESS = 3;
const POLL_MS = 250;
const MAX_UINT256 = 2n ** 256n - 1n;

const placeOf = (saved: SavedWorld, chain: string): { readonly url: string; readonly numericId: number; readonly deployment: Deployment } => {
  const plan = saved.chains.find(({ name }) => name === chain);
  const deployment = saved.deployments.get(chain);
  if (plan === undefined) throw new CodedError("cli.argument.bad", { chain, chains: saved.chains.map(({ name }) => name).join(" ") });
  if (deployment === undefined) throw new CodedError("cli.deploy.missing", { chains: chain });
  return { url: plan.url, numericId: plan.numericId, deployment };
};

const requestOf = (receipt: Receipt, order: TransferOrder, gateway: Hex, chain: string): SentTransfer => {
  for (const log of receipt.logs) {
    if (log.address.toLowerCase() !== gateway.toLowerCase()) continue;
    const decoded = decodeEventLog({ abi: gatewayAbi, data: log.data, topics: [...log.topics] as [Hex, ...Hex[]] }); // viem wants a mutable tuple
    if (decoded.eventName !== "Request") continue;
    const { from, to, index } = decoded.args;
    return {
      id: ibtpId(parseServiceId(vaultOf(order.from)), parseServiceId(vaultOf(order.to)), index),
      key: transferKey({ from, to, index }),
      chain,
      transaction: receipt.transactionHash,
      block: Number(receipt.blockNumber),
    };
  }
  throw new CodedError("cli.transaction.reverted", { hash: receipt.transactionHash, why: "no Request event" });
};

/** Locks tokens on one chain for a receiver on another, after an approval where one is needed. @throws cli.transfer.poor, cli.argument.bad, cli.rpc.failed, cli.transaction.* */
export const sendTransfer = async (hashes: Hashes, saved: SavedWorld, order: TransferOrder): Promise<SentTransfer> => {
  const source = placeOf(saved, order.from);
  placeOf(saved, order.to);
  const peers = peersOf(saved.topology, order.from);
  if (!peers.includes(order.to)) throw new CodedError("cli.argument.bad", { from: order.from, to: order.to, peers: peers.join(" ") });
  const account = openChainAccount(source, order.privateKey);
  const { token, vault, gateway } = source.deployment;
  const read = async (data: Hex): Promise<Hex> => account.rpc.call<Hex>("eth_call", [{ to: token, data }, "latest"]);
  const balance = decodeFunctionResult({
    abi: tokenAbi,
    functionName: "balanceOf",
    data: await read(encodeFunctionData({ abi: tokenAbi, functionName: "balanceOf", args: [account.address] })),
  });
  if (balance < order.amount) throw new CodedError("cli.transfer.poor", { account: account.address, token, balance, amount: order.amount });
  const allowance = decodeFunctionResult({
    abi: tokenAbi,
    functionName: "allowance",
    data: await read(encodeFunctionData({ abi: tokenAbi, functionName: "allowance", args: [account.address, vault] })),
  });
  if (allowance < order.amount) {
    await account.run({ to: token, data: encodeFunctionData({ abi: tokenAbi, functionName: "approve", args: [vault, MAX_UINT256] }) });
  }
  const lock = encodeFunctionData({
    abi: vaultAbi,
    functionName: "lock",
    args: [to0x(hashes.serviceKey(vaultOf(order.to))), order.receiver ?? account.address, order.amount, order.timeoutMs],
  });
  return requestOf(await account.run({ to: vault, data: lock }), order, gateway, order.from);
};

/** Follows a transfer on its source chain, and nowhere else, until it is settled. @throws cli.transfer.open after the deadline, cli.rpc.failed */
export const awaitOutcome = async (saved: SavedWorld, sent: SentTransfer, deadlineMs: number): Promise<Outcome> => {
  const { url, deployment } = placeOf(saved, sent.chain);
  const rpc = makeRpc(url);
  const started = performance.now();
  let next = BigInt(sent.block);
  for (;;) {
    const head = await headOf(rpc);
    if (head >= next) {
      const events = await readTransferEvents(rpc, deployment.gateway, next, head);
      next = head + 1n;
      const settled = events.find((event) => event.event === "Settled" && transferKey(event) === sent.key);
      if (settled !== undefined) {
        const outcome = settled.status === STATUS_SUCCESS ? "committed" : "rolledBack";
        return { outcome, status: settled.status, block: Number(settled.block), tookMs: Math.round(performance.now() - started) };
      }
    }
    if (performance.now() - started > deadlineMs) throw new CodedError("cli.transfer.open", { id: sent.id, waitedMs: deadlineMs });
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};
