import { CodedError } from "@crossguardian/kernel";
import { type TipWatch } from "../chain/tip-watch.ts";
import {
  COMFORTABLE_LOGS,
  LONG_CALL_DEADLINE_MS,
  MAX_ANSWER_BYTES,
  MAX_LOGS_PER_ANSWER,
  MAX_RANGE_BLOCKS,
} from "../limits.ts";
import { decodeList, quantityMember, toQuantity } from "../rpc/decode-values.ts";
import { type EventFilter } from "./decode-receipts.ts";

/** Which blocks of a range hold events. */
export type LogRange = { readonly to: bigint; readonly heights: readonly bigint[] };

/** Finds blocks with events far behind the tip; the range adapts to what the node answers. */
export type LogRanges = {
  /** A range that begins at `from` and ends not after `target`. @throws evm.rpc.*, evm.answer.* */
  readonly next: (from: bigint, target: bigint) => Promise<LogRange>;
};

const FIRST_RANGE_BLOCKS = 64;
const HALVING_CODES = ["evm.rpc.refused", "evm.rpc.lost", "evm.rpc.deadline"];

/** Makes the finder; a refused or lost answer halves the next range, a small one doubles it. */
export const makeLogRanges = (watch: Pick<TipWatch, "call">, filter: EventFilter): LogRanges => {
  let width = FIRST_RANGE_BLOCKS;
  return {
    next: async (from, target) => {
      const to = from + BigInt(width) - 1n < target ? from + BigInt(width) - 1n : target;
      const question = {
        fromBlock: toQuantity(from),
        toBlock: toQuantity(to),
        address: filter.address,
        topics: [[...filter.topics]],
      };
      try {
        const untrusted = await watch.call("eth_getLogs", [question], {
          maxAnswerBytes: MAX_ANSWER_BYTES,
          deadlineMs: LONG_CALL_DEADLINE_MS,
        });
        const logs = decodeList(untrusted, "logs", MAX_LOGS_PER_ANSWER);
        const heights = new Set<bigint>();
        for (const log of logs) {
          const height = quantityMember(log, "blockNumber");
          if (height < from || height > to) throw new CodedError("evm.answer.malformed", { what: "blockNumber" });
          heights.add(height);
        }
        if (logs.length > COMFORTABLE_LOGS) width = Math.max(1, Math.floor(width / 2));
        else if (logs.length < COMFORTABLE_LOGS / 2) width = Math.min(MAX_RANGE_BLOCKS, width * 2);
        return { to, heights: [...heights].sort((left, right) => (left < right ? -1 : 1)) };
      } catch (error) {
        if (!(error instanceof CodedError) || !HALVING_CODES.includes(error.code)) throw error;
        // Not even one block's logs fit into an answer: the block is loaded as it is.
        if (to === from && error.code !== "evm.rpc.refused") return { to, heights: [from] };
        width = Math.max(1, Math.floor(width / 2));
        throw error;
      }
    },
  };
};
