import { type ForgedFork } from "./forged-fork.ts";
import { type RpcCall } from "./call.ts";
import { type HeaderJson, isHeader } from "./header-json.ts";
import { type ProxyMode } from "./mode.ts";

/** Modes that look into what passes. */
export type ReadingMode = Exclude<ProxyMode, { kind: "pass" | "stall" | "cut" | "slow" | "oneWay" | "bodiless" | "frames" }>;

/** Whether a mode looks into what passes. */
export const isReadingMode = (mode: ProxyMode): mode is ReadingMode => !["pass", "stall", "cut", "slow", "oneWay", "bodiless", "frames"].includes(mode.kind);

/** Asks the node behind the proxy. */
export type AskUpstream = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** The mode with what it needs to answer: the height when it was set, the false history. */
export type Behaviour = { readonly mode: ReadingMode; readonly headBlock: number; readonly fork: ForgedFork };

const ERROR_INTERNAL = -32_603;
const GARBLED_HASH = `0x${"66".repeat(32)}` as const;
const HEAD_NAMES: readonly unknown[] = ["latest", "pending", "safe", "finalized"];

/** A header as this behaviour tells it; null where it tells of none. */
export const retell = async (
  header: HeaderJson,
  { mode, headBlock, fork }: Behaviour,
): Promise<HeaderJson | null> => {
  switch (mode.kind) {
    case "lie":
      return fork.replace(header);
    case "garble":
      return { ...header, [mode.field]: GARBLED_HASH };
    case "stale":
      return Number(header.number) > headBlock ? null : header;
    case "error":
      return null;
    case "empty":
    case "double":
    case "hang":
      return header;
  }
};

const LISTS: readonly string[] = ["eth_getLogs", "eth_getBlockReceipts"];

const rewritten = (kind: ReadingMode["kind"], method: string, result: unknown): unknown => {
  if (kind === "empty" && LISTS.includes(method)) return [];
  if (kind === "empty" && method === "eth_getTransactionReceipt") return null;
  if (kind === "double" && LISTS.includes(method) && Array.isArray(result)) return result.flatMap((each: unknown) => [each, each]);
  return result;
};

const withParams = (call: RpcCall, { mode, headBlock, fork }: Behaviour): RpcCall => {
  const [first, ...rest] = call.params;
  if (mode.kind === "stale" && call.method === "eth_getBlockByNumber" && HEAD_NAMES.includes(first)) {
    return { ...call, params: [`0x${headBlock.toString(16)}`, ...rest] };
  }
  if (mode.kind === "lie" && call.method === "eth_getBlockByHash" && typeof first === "string") {
    const height = fork.heightOf(first);
    if (height !== null) {
      return { ...call, method: "eth_getBlockByNumber", params: [`0x${height.toString(16)}`, ...rest] };
    }
  }
  return call;
};

/** The whole JSON-RPC answer to one call. */
export const answerCall = async (
  call: RpcCall,
  behaviour: Behaviour,
  ask: AskUpstream,
): Promise<Record<string, unknown>> => {
  const envelope = { jsonrpc: "2.0", id: call.id };
  const refusal = (message: string): Record<string, unknown> => ({
    ...envelope,
    error: { code: ERROR_INTERNAL, message },
  });
  if (behaviour.mode.kind === "hang") return new Promise(() => undefined);
  if (behaviour.mode.kind === "error") return refusal("devnet proxy: error mode");
  if (behaviour.mode.kind === "stale" && call.method === "eth_blockNumber") {
    return { ...envelope, result: `0x${behaviour.headBlock.toString(16)}` };
  }
  const { method, params } = withParams(call, behaviour);
  try {
    const result = await ask(method, params);
    const told = isHeader(result) && method.startsWith("eth_getBlockBy");
    return { ...envelope, result: told ? await retell(result, behaviour) : rewritten(behaviour.mode.kind, method, result) };
  } catch (failed) {
    return refusal(failed instanceof Error ? failed.message : "devnet proxy: no answer");
  }
};
