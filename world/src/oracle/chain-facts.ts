import { gatewayAbi, vaultAbi } from "@crossguardian/contracts-evm";
import { decodeEventLog, encodeEventTopics, type Hex } from "viem";

import { type Rpc } from "../rpc.ts";

/** One event of a gateway contract that belongs to a transfer. */
export type TransferEvent = {
  readonly event: "Request" | "Receipt" | "Settled";
  readonly from: Hex;
  readonly to: Hex;
  readonly index: bigint;
  readonly status: number;
  /** Of a Request; 0 of the others. */
  readonly timeoutMs: bigint;
  readonly block: bigint;
  readonly transaction: Hex;
  readonly seenAtMs: number;
};

/** Mints and releases of one vault: asset effects at a destination. */
export type AssetEffect = { readonly from: Hex; readonly index: bigint };

type RawLog = {
  readonly address: Hex;
  readonly topics: readonly [Hex, ...Hex[]];
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly transactionHash: Hex;
};

const MAX_BLOCKS_PER_QUESTION = 2_000n;

const topicOf = (name: "Request" | "Receipt" | "Settled"): Hex => {
  const [topic] = encodeEventTopics({ abi: gatewayAbi, eventName: name });
  return topic;
};

const GATEWAY_TOPICS = [topicOf("Request"), topicOf("Receipt"), topicOf("Settled")];
const EFFECT_TOPICS = [
  encodeEventTopics({ abi: vaultAbi, eventName: "Minted" })[0],
  encodeEventTopics({ abi: vaultAbi, eventName: "Released" })[0],
];

const hexOf = (value: bigint): Hex => `0x${value.toString(16)}`;

/** Logs of one contract in [from, to], asked in bounded ranges. */
const logsOf = async (rpc: Rpc, address: Hex, topics: readonly Hex[], from: bigint, to: bigint): Promise<readonly RawLog[]> => {
  const all: RawLog[] = [];
  for (let at = from; at <= to; at += MAX_BLOCKS_PER_QUESTION) {
    const end = at + MAX_BLOCKS_PER_QUESTION - 1n;
    const some = await rpc.call<readonly RawLog[]>("eth_getLogs", [
      { address, fromBlock: hexOf(at), toBlock: hexOf(end < to ? end : to), topics: [topics] },
    ]);
    for (const log of some) all.push(log);
  }
  return all;
};

/** The chain's head. */
export const headOf = async (rpc: Rpc): Promise<bigint> => BigInt(await rpc.call<Hex>("eth_blockNumber", []));

/** Every Request, Receipt and Settled of a gateway contract in [from, to], read from the chain alone. */
export const readTransferEvents = async (rpc: Rpc, gateway: Hex, from: bigint, to: bigint): Promise<readonly TransferEvent[]> => {
  const seenAtMs = Date.now();
  const logs = await logsOf(rpc, gateway, GATEWAY_TOPICS, from, to);
  return logs.map((log) => {
    const decoded = decodeEventLog({ abi: gatewayAbi, data: log.data, topics: [...log.topics] as [Hex, ...Hex[]] }); // viem wants a mutable tuple
    const place = { block: BigInt(log.blockNumber), transaction: log.transactionHash, seenAtMs };
    switch (decoded.eventName) {
      case "Request":
        return { event: "Request", from: decoded.args.from, to: decoded.args.to, index: decoded.args.index, status: 0, timeoutMs: decoded.args.timeoutMs, ...place };
      case "Receipt":
      case "Settled":
        return { event: decoded.eventName, from: decoded.args.from, to: decoded.args.to, index: decoded.args.index, status: decoded.args.status, timeoutMs: 0n, ...place };
      default:
        throw new Error(`an event that was not asked for: ${decoded.eventName}`);
    }
  });
};

/** Mints and releases of a vault in [from, to]. */
export const readAssetEffects = async (rpc: Rpc, vault: Hex, from: bigint, to: bigint): Promise<readonly AssetEffect[]> => {
  const logs = await logsOf(rpc, vault, EFFECT_TOPICS, from, to);
  return logs.map((log) => {
    const decoded = decodeEventLog({ abi: vaultAbi, data: log.data, topics: [...log.topics] as [Hex, ...Hex[]] }); // viem wants a mutable tuple
    if (decoded.eventName !== "Minted" && decoded.eventName !== "Released") throw new Error("an event that was not asked for");
    return { from: decoded.args.from, index: decoded.args.index };
  });
};
