import { gatewayAbi, tokenAbi, vaultAbi } from "@crossguardian/contracts-evm";
import { CodedError, ibtpId, parseServiceId, to0x } from "@crossguardian/kernel";
import { type Hashes } from "@crossguardian/protocol";
import { decodeEventLog, decodeFunctionResult, encodeFunctionData, type Hex } from "viem";

import { type Deployment } from "../contract-drafts.ts";
import { transferKey } from "../oracle/follow-chains.ts";
import { type IdentityFiles } from "../kinds/fabric/network/fabric-network.ts";
import { lockAsMember } from "../kinds/fabric/network/member-calls.ts";
import { openAccess } from "../kinds/open-access.ts";
import { type Receipt } from "../sender.ts";
import { type SavedWorld } from "../saved-world.ts";
import { type ChainPlan, kindOfPlan, peersOf, vaultOf } from "../world.ts";
import { openChainAccount } from "./chain-account.ts";
import { isDeployed } from "./is-deployed.ts";
import { type OperatorPowers } from "./plan-world.ts";

/** An asset transfer to send. `amount` in the token's smallest unit. */
export type TransferOrder = {
  readonly from: string;
  readonly to: string;
  readonly amount: bigint;
  readonly timeoutMs: bigint;
  /** On an EVM chain; null elsewhere. */
  readonly privateKey: Hex | null;
  /** Certificate and key of the sender on a Fabric channel; null elsewhere. */
  readonly member: IdentityFiles | null;
  /** Null sends to the sender's own address, on chains of one kind. */
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

/** A chain whose contracts stand. @throws cli.argument.bad, cli.deploy.missing */
const planOf = (saved: SavedWorld, chain: string): ChainPlan => {
  const plan = saved.chains.find(({ name }) => name === chain);
  if (plan === undefined) throw new CodedError("cli.argument.bad", { chain, chains: saved.chains.map(({ name }) => name).join(" ") });
  if (!isDeployed(saved, chain)) throw new CodedError("cli.deploy.missing", { chains: chain });
  return plan;
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

const sendEvm = async (hashes: Hashes, saved: SavedWorld, order: TransferOrder): Promise<SentTransfer> => {
  const source = placeOf(saved, order.from);
  if (order.privateKey === null) throw new CodedError("cli.key.missing", { fix: "--key FILE names the sender's key" });
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

const sendForeign = async (powers: OperatorPowers, plan: ChainPlan, order: TransferOrder): Promise<SentTransfer> => {
  const { from, to, member, receiver } = order;
  if (kindOfPlan(plan) !== "fabric") throw new CodedError("cli.argument.bad", { chain: from, why: "transfers are sent from EVM chains and Fabric channels" });
  if (member === null) throw new CodedError("cli.key.missing", { fix: "--certificate FILE and --key FILE name the sender on the channel" });
  if (receiver === null) throw new CodedError("cli.argument.bad", { chain: to, why: "--receiver names the account there" });
  const request = await lockAsMember(powers, plan, { ...order, receiver, files: member });
  return { id: ibtpId(parseServiceId(vaultOf(from)), parseServiceId(vaultOf(to)), request.index), key: transferKey(request), chain: from, transaction: request.transaction, block: Number(request.block) };
};

/** Locks tokens on one chain for a receiver on another, after an approval where one is needed. @throws cli.transfer.poor, cli.argument.bad, cli.key.missing, cli.rpc.failed, cli.transaction.*, fabric.* */
export const sendTransfer = async (powers: OperatorPowers, saved: SavedWorld, order: TransferOrder): Promise<SentTransfer> => {
  const [source, destination] = [order.from, order.to].map((chain) => planOf(saved, chain));
  const peers = peersOf(saved.topology, order.from);
  if (source === undefined || destination === undefined || !peers.includes(order.to)) throw new CodedError("cli.argument.bad", { from: order.from, to: order.to, peers: peers.join(" ") });
  if (kindOfPlan(source) !== "evm") return sendForeign(powers, source, order);
  if (order.receiver === null && kindOfPlan(destination) !== "evm" && saved.nodes.length === 0) throw new CodedError("cli.argument.bad", { chain: order.to, why: "--receiver names the account there" });
  return sendEvm(powers.hashes, saved, order);
};

/** Follows a transfer on its source chain, and nowhere else, until it is settled. @throws cli.transfer.open after the deadline, cli.rpc.failed */
export const awaitOutcome = async (powers: OperatorPowers, saved: SavedWorld, sent: SentTransfer, deadlineMs: number): Promise<Outcome> => {
  const plan = planOf(saved, sent.chain);
  // What lies before the transfer need not be read.
  const chains = [plan.foreign === undefined ? plan : { ...plan, deployHeight: sent.block }];
  const access = openAccess({ ...powers, topology: saved.topology, chains, deployments: saved.deployments, users: [] }).get(sent.chain);
  if (access === undefined) throw new CodedError("cli.deploy.missing", { chains: sent.chain });
  const started = performance.now();
  let next = BigInt(sent.block);
  for (;;) {
    const head = await access.head();
    if (head >= next) {
      const events = await access.events(next, head);
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
