import { toHex } from "@crossguardian/kernel";
import { type Call } from "../call.ts";
import { demand } from "../refusal.ts";
import { receiptHash } from "./destination.ts";
import { STATE, stateOf } from "./source.ts";
import { pairKey, tables, ZERO32 } from "./store.ts";

const MAX_VIEW_INDEXES = 4096n;

const window = async (count: bigint, isSet: (at: bigint) => Promise<boolean>): Promise<Uint8Array> => {
  demand(count <= MAX_VIEW_INDEXES, "ViewTooWide");
  const bits = new Uint8Array(Number((count + 7n) / 8n));
  for (let at = 0n; at < count; at += 1n) {
    if (await isSet(at)) bits[Number(at >> 3n)] = (bits[Number(at >> 3n)] ?? 0) | (1 << Number(at & 7n));
  }
  return bits;
};

/** Bit i (byte i / 8, from the lowest bit) is set when index base + i is decided here. */
export const decidedWindow = async (call: Call, from: Uint8Array, to: Uint8Array, base: bigint, count: bigint): Promise<Uint8Array> => {
  const pair = pairKey(from, to);
  return window(count, async (at) => toHex(await receiptHash(call, pair, base + at)) !== toHex(ZERO32));
};

/** As decidedWindow, for requests that left here and are settled. */
export const settledWindow = async (call: Call, from: Uint8Array, to: Uint8Array, base: bigint, count: bigint): Promise<Uint8Array> => {
  const pair = pairKey(from, to);
  return window(count, async (at) => (await stateOf(call, pair, base + at)) !== STATE.pending);
};

/** The registered services. */
export const services = async ({ ledger }: Call): Promise<readonly { readonly key: string; readonly id: string; readonly local: string }[]> => {
  const found = [];
  for (const key of (await tables.serviceKeys.get(ledger, "")) ?? []) {
    const record = await tables.service.get(ledger, toHex(key));
    found.push({ key: toHex(key), id: record?.id ?? "", local: record?.local ?? "" });
  }
  return found;
};
