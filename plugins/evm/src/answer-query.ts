import { CodedError, to0x } from "@crossguardian/kernel";
import { bounds, type Message } from "@crossguardian/wire";
import { type TipWatch } from "./chain/tip-watch.ts";
import { MAX_VIEW_INDEXES } from "./limits.ts";
import { decodeBytes } from "./rpc/decode-values.ts";
import { type GatewayCalls } from "./submit/gateway-calls.ts";

type AskedPair = Message<"query">["pairs"][number];

const WORD_BYTES = 32;

/** Number in a word's last 8 bytes. */
const lastOf = (word: Uint8Array): bigint => new DataView(word.buffer, word.byteOffset, word.byteLength).getBigUint64(WORD_BYTES - 8);

/**
 * Asks the contract which indexes of the pairs are decided: settledWindow and outIndex where it is the source,
 * decidedWindow and inCursor where it is the destination.
 * @throws evm.rpc.*, evm.answer.malformed
 */
export const answerQuery = async (
  watch: Pick<TipWatch, "call">,
  calls: GatewayCalls,
  contract: Uint8Array,
  query: Message<"query">,
): Promise<Message<"decided">> => {
  const view = async (data: Uint8Array, what: string): Promise<Uint8Array> =>
    decodeBytes(await watch.call("eth_call", [{ to: to0x(contract), data: to0x(data) }, "latest"]), what);

  const window = async ({ side, from, to, base }: AskedPair, count: number): Promise<Uint8Array> => {
    const bitmap = new Uint8Array(Math.ceil(count / 8));
    for (let at = 0; at < count; at += MAX_VIEW_INDEXES) {
      const some = Math.min(MAX_VIEW_INDEXES, count - at);
      const answer = await view(calls.window(side, from, to, base + BigInt(at), some), "window");
      const bytes = Math.ceil(some / 8);
      if (answer.length < 2 * WORD_BYTES + bytes) throw new CodedError("evm.answer.malformed", { what: "window" });
      bitmap.set(answer.subarray(2 * WORD_BYTES, 2 * WORD_BYTES + bytes), at / 8);
    }
    return bitmap;
  };

  const pairs: Message<"decided">["pairs"][number][] = [];
  for (const asked of query.pairs) {
    const { side, from, to, base } = asked;
    const count = Math.min(asked.count, bounds.MAX_WINDOW_INDEXES);
    const [bitmap, last] = await Promise.all([
      window(asked, count),
      view(calls.last(side, from, to), "last").then((word) => lastOf(decodeBytes(to0x(word), "last", WORD_BYTES))),
    ]);
    pairs.push({ from, to, side, base, last, bitmap });
  }
  return { chain: query.chain, id: query.id, pairs };
};
