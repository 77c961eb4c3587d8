import { to0x } from "@crossguardian/kernel";
import { type BxhTransaction } from "./bxh-transaction.ts";
import { IBTP_TYPE, type Ibtp } from "./ibtp.ts";
import { decodeIbtpExtra } from "./ibtp-extra.ts";
import { decodeContent, decodePayload, decodeResult } from "./payload.ts";

/** Text, numbers in decimal text, and objects of them: for people, never parsed back. */
export type PaperValue = string | number | { readonly [key: string]: PaperValue };

const STATUS = ["pending", "begin_failure", "begin_rollback", "success", "failure", "rollback"] as const;
const TYPE = ["cross_chain", "receipt", "receipt", "receipt", "receipt"] as const;
const PRIORITY = ["low", "normal", "high"] as const;
const NS_PER_MS = 1_000_000n;
const LAST_DATE_MS = 8_640_000_000_000_000n;

const timeText = (timestampNs: bigint): string => {
  const ms = timestampNs / NS_PER_MS;
  return ms > 0n && ms <= LAST_DATE_MS ? new Date(Number(ms)).toISOString() : "";
};

const bigintOf = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : BigInt(to0x(bytes)));

const callView = (func: string, args: readonly Uint8Array[]): Record<string, PaperValue> => {
  const [receiver, amount] = args;
  const isAsset = (func === "mint" || func === "release") && receiver?.length === 32 && amount?.length === 32;
  return isAsset
    ? { function: func, amount: bigintOf(amount).toString(), receiver: to0x(receiver.subarray(12)) }
    : { function: func, ...Object.fromEntries(args.map((each, at) => [`argument ${(at + 1).toString()}`, to0x(each)])) };
};

const bodyView = (ibtp: Ibtp): Record<string, PaperValue> => {
  const payload = decodePayload(ibtp.payload);
  if (!payload.ok) return { additional_info: "payload is not readable" };
  const { encrypted, content } = payload.value;
  if (encrypted) return { additional_info: "encrypted", ciphertext_bytes: content.length };
  if (ibtp.type !== IBTP_TYPE.interchain) {
    const result = decodeResult(content);
    return { result: result.ok ? to0x(result.value) : "" };
  }
  const call = decodeContent(content);
  return call.ok ? callView(call.value.func, call.value.args) : { additional_info: "content is not readable" };
};

/** A bxh transaction in the paper's JSON form (section V-B): a readable view, not a wire form. */
export const paperView = (bxh: BxhTransaction, { currency = "" }: { readonly currency?: string } = {}): PaperValue => {
  const { ibtp } = bxh;
  const head = { From: to0x(bxh.from), To: to0x(bxh.to) };
  const tail = { Nonce: bxh.nonce.toString(), Timestamp: timeText(bxh.timestamp) };
  if (ibtp === null) return { ...head, ...tail };
  const extra = decodeIbtpExtra(ibtp.extra);
  return {
    ...head,
    IBTP: {
      header: {
        "transaction id": `${ibtp.from}-${ibtp.to}-${ibtp.index.toString()}`,
        timestamp: timeText(ibtp.timestamp),
        source_chain: ibtp.from.split(":")[1] ?? "",
        destination_chain: ibtp.to.split(":")[1] ?? "",
        currency,
        metadata: {
          transaction_type: TYPE[ibtp.type] ?? "",
          status: extra.ok ? STATUS[extra.value.status] : "",
          priority: extra.ok ? (PRIORITY[extra.value.priority] ?? extra.value.priority.toString()) : "",
          timeout_ms: ibtp.timeoutHeight.toString(),
          ...(extra.ok ? { request_hash: to0x(extra.value.requestHash), body_hash: to0x(extra.value.bodyHash) } : {}),
        },
      },
      body: { sender: ibtp.from, ...bodyView(ibtp) },
    },
    ...tail,
  };
};
