import { concatBytes, utf8 } from "@crossguardian/kernel";
import { type FabricLog, GATEWAY_TOPICS } from "@crossguardian/proof";
import { encodeCall, wordOf } from "@crossguardian/protocol";

const WORD = 32;

type PairIndex = { readonly from: Uint8Array; readonly to: Uint8Array; readonly index: bigint };

const padded = (value: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(Math.ceil(value.length / WORD) * WORD);
  bytes.set(value);
  return bytes;
};

const dynamic = (value: Uint8Array): Uint8Array => concatBytes([wordOf(value.length), padded(value)]);

/** Events in the encoding of the Solidity contracts (contracts/evm, Source.sol and Destination.sol). */
export const requestLog = (
  event: PairIndex & {
    readonly requestHash: Uint8Array;
    readonly bodyHash: Uint8Array;
    readonly timeoutMs: bigint;
    readonly priority: number;
    readonly isPrivate: boolean;
    readonly func: string;
    readonly args: readonly Uint8Array[];
  },
): FabricLog => {
  const HEAD_WORDS = 8;
  const call = encodeCall(event.func, event.args); // (func, args) with its own two heads
  const tail = call.subarray(2 * WORD);
  const argsAt = HEAD_WORDS * WORD + dynamic(utf8(event.func)).length;
  return {
    topics: [GATEWAY_TOPICS.request, event.from, event.to],
    data: concatBytes([
      wordOf(event.index),
      event.requestHash,
      event.bodyHash,
      wordOf(event.timeoutMs),
      wordOf(event.priority),
      wordOf(event.isPrivate ? 1 : 0),
      wordOf(HEAD_WORDS * WORD),
      wordOf(argsAt),
      tail,
    ]),
  };
};

/** The destination has decided. */
export const receiptLog = (event: PairIndex & { readonly requestHash: Uint8Array; readonly status: number; readonly result: Uint8Array }): FabricLog => ({
  topics: [GATEWAY_TOPICS.receipt, event.from, event.to],
  data: concatBytes([wordOf(event.index), event.requestHash, wordOf(event.status), wordOf(4 * WORD), dynamic(event.result)]),
});

/** The source has committed or rolled back. */
export const settledLog = (event: PairIndex & { readonly status: number }): FabricLog => ({
  topics: [GATEWAY_TOPICS.settled, event.from, event.to],
  data: concatBytes([wordOf(event.index), wordOf(event.status)]),
});
