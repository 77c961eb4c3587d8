import { CodedError, fromHex, type Hash, toHex, utf8 } from "@crossguardian/kernel";
import { bounds, type Message } from "@crossguardian/wire";
import { type ContractPort } from "./contract-port.ts";
import { MAX_VIEW_INDEXES } from "./limits.ts";

type AskedPair = Message<"query">["pairs"][number];

const decoder = new TextDecoder();

const hexAnswer = (untrusted: Uint8Array, bytes: number): Uint8Array => {
  const text = decoder.decode(untrusted);
  if (text.length !== bytes * 2 || !/^[0-9a-f]*$/u.test(text)) throw new CodedError("fabric.call.failed", { call: "window", detail: "answer" });
  return fromHex(text);
};

const numberAnswer = (untrusted: Uint8Array): bigint => {
  const text = decoder.decode(untrusted);
  if (!/^\d{1,20}$/u.test(text)) throw new CodedError("fabric.call.failed", { call: "last", detail: "answer" });
  return BigInt.asUintN(64, BigInt(text));
};

/**
 * Asks the chaincode which indexes of the pairs are decided: settledWindow and outIndex where it is the source,
 * decidedWindow and inCursor where it is the destination. @throws fabric.call.failed
 */
export const answerQuery = async (contract: ContractPort, keccak256: Hash, query: Message<"query">): Promise<Message<"decided">> => {
  const keyOf = (id: string): string => toHex(keccak256(utf8(id)));
  const window = async ({ side, from, to, base }: AskedPair, count: number): Promise<Uint8Array> => {
    const bitmap = new Uint8Array(Math.ceil(count / 8));
    for (let at = 0; at < count; at += MAX_VIEW_INDEXES) {
      const some = Math.min(MAX_VIEW_INDEXES, count - at);
      const name = side === 1 ? "gateway:settledWindow" : "gateway:decidedWindow";
      const answer = await contract.evaluate(name, [keyOf(from), keyOf(to), (base + BigInt(at)).toString(), some.toString()]);
      bitmap.set(hexAnswer(answer, Math.ceil(some / 8)), at / 8);
    }
    return bitmap;
  };
  const pairs: Message<"decided">["pairs"][number][] = [];
  for (const asked of query.pairs) {
    const { side, from, to, base } = asked;
    const bitmap = await window(asked, Math.min(asked.count, bounds.MAX_WINDOW_INDEXES));
    const last = numberAnswer(await contract.evaluate(side === 1 ? "gateway:outIndex" : "gateway:inCursor", [keyOf(from), keyOf(to)]));
    pairs.push({ from, to, side, base, last, bitmap });
  }
  return { chain: query.chain, id: query.id, pairs };
};
