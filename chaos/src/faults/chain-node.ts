import { CodedError } from "@crossguardian/kernel";
import { chainsOf, evmChainsOf, headOf, makeRpc, type Rpc } from "@crossguardian/world";

import { type Field, signalProcess } from "../field.ts";
import { chosen, type Fault, type FaultOrder, further } from "./fault.ts";

const RESOURCE = "chain";
const CALL_DEADLINE_MS = 5_000;
/** Longer than the timeout of the transfers that are sent with a short one, in ms. */
const PAST_TIMEOUT_MS = 7_000;

/** A chain of any kind, and its node. */
const nodeOf = (field: Field, { choice }: FaultOrder): { readonly chain: string; readonly pid: number } => {
  const chain = chosen(chainsOf(field.world.topology), choice);
  return { chain, pid: field.nodes.get(chain)?.pid ?? 0 };
};

const evmChainOf = (field: Field, { choice }: FaultOrder): { readonly chain: string; readonly rpc: Rpc } => {
  const chain = chosen(evmChainsOf(field.world.topology), choice);
  return { chain, rpc: makeRpc(field.world.chains.get(chain)?.url ?? "", CALL_DEADLINE_MS) };
};

/** The node of a chain answers nobody and mines nothing. */
export const chainPaused: Fault = {
  resource: RESOURCE,
  inject: async (field, order) => {
    const { chain, pid } = nodeOf(field, order);
    signalProcess(pid, "SIGSTOP");
    return { report: { what: `chain ${chain} stands still for ${order.lastsMs} ms`, chains: [chain] }, heal: async () => void signalProcess(pid, "SIGCONT") };
  },
};

/** A chain stands still until transfers with a short timeout are past it: they are cancelled there when it is back, and rolled back at home. */
export const chainDownPastTimeout: Fault = {
  resource: RESOURCE,
  inject: async (field, order) => {
    const { chain, pid } = nodeOf(field, order);
    signalProcess(pid, "SIGSTOP");
    try {
      await order.wait(PAST_TIMEOUT_MS);
    } finally {
      signalProcess(pid, "SIGCONT");
    }
    return { report: { what: `chain ${chain} stood still for ${PAST_TIMEOUT_MS} ms`, chains: [chain] }, heal: null };
  },
};

type Linked = { readonly hash: string; readonly parentHash: string };

/** A node that answers null for a block of its own branch is of no use to anybody from then on. @throws chaos.chain.broken */
const checkLinks = async (rpc: Rpc, chain: string, blocks: number): Promise<void> => {
  const head = await headOf(rpc);
  let parent: string | null = null;
  for (let height = head - BigInt(blocks) - 1n; height <= head; height += 1n) {
    const block: Linked | null = await rpc.call<Linked | null>("eth_getBlockByNumber", [`0x${height.toString(16)}`, false]);
    if (block === null || (parent !== null && block.parentHash !== parent)) throw new CodedError("chaos.chain.broken", { chain, height });
    parent = block.hash;
  }
};

/** The last blocks of a chain are replaced by others, or taken back, between two blocks. What was in them is gone. */
export const reorg = (blocksOf: (field: Field) => number): Fault => ({
  resource: RESOURCE,
  inject: async (field, order) => {
    const { chain, rpc } = evmChainOf(field, order);
    const blocks = blocksOf(field);
    const [method, params] = further(order.choice, 4) < 0.5 ? ["anvil_rollback", [blocks]] : ["anvil_reorg", [blocks, []]];
    const replace = async (): Promise<void> => {
      await rpc.call<null>(method, params);
      await checkLinks(rpc, chain, blocks);
    };
    await (field.miner?.between(chain, replace) ?? replace());
    return { report: { what: `the last ${blocks} blocks of chain ${chain} are replaced or taken back`, chains: [chain] }, heal: null };
  },
});
