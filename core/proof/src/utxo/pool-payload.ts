import { concatBytes } from "@crossguardian/kernel";

/**
 * What a pool's transactions say in an output without value, of at most 80 bytes: "CG", a type, the number of the peer in the
 * registration's terms, and the fields of the type.
 */
export type PoolPayload =
  | { readonly type: "lock"; readonly peer: number; readonly timeoutS: number; readonly receiver: Uint8Array; readonly refund: Uint8Array }
  | { readonly type: "request"; readonly peer: number; readonly index: number; readonly requestHash: Uint8Array; readonly receiver: Uint8Array; readonly amount: bigint; readonly timeoutS: number }
  | { readonly type: "receipt"; readonly peer: number; readonly index: number; readonly status: number; readonly requestHash: Uint8Array; readonly reason: number }
  | { readonly type: "settled"; readonly peer: number; readonly index: number; readonly status: number };

const MARK = Uint8Array.of(0x43, 0x47);
const TYPE = { lock: 0x01, request: 0x11, receipt: 0x12, settled: 0x13 } as const;
const OP_RETURN = 0x6a;
const OP_PUSHDATA1 = 0x4c;
const MAX_SHORT_PUSH = 0x4b;
const MAX_PAYLOAD_BYTES = 80;
const HEAD_BYTES = 4;
const BODY_BYTES: Readonly<Record<PoolPayload["type"], number>> = { lock: 44, request: 68, receipt: 38, settled: 5 };

const u32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
};
const u64 = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
};

const bodyOf = (payload: PoolPayload): readonly Uint8Array[] => {
  switch (payload.type) {
    case "lock":
      return [u32(payload.timeoutS), payload.receiver, payload.refund];
    case "request":
      return [u32(payload.index), payload.requestHash, payload.receiver, u64(payload.amount), u32(payload.timeoutS)];
    case "receipt":
      return [u32(payload.index), Uint8Array.of(payload.status), payload.requestHash, Uint8Array.of(payload.reason)];
    case "settled":
      return [u32(payload.index), Uint8Array.of(payload.status)];
  }
};

/** The script of the output that says it. */
export const payloadScript = (payload: PoolPayload): Uint8Array => {
  const data = concatBytes([MARK, Uint8Array.of(TYPE[payload.type], payload.peer), ...bodyOf(payload)]);
  const push = data.length <= MAX_SHORT_PUSH ? [data.length] : [OP_PUSHDATA1, data.length];
  return concatBytes([Uint8Array.of(OP_RETURN, ...push), data]);
};

const dataOf = (script: Uint8Array): Uint8Array | null => {
  const [op, first = 0, second = 0] = script;
  if (op !== OP_RETURN) return null;
  const [at, length] = first <= MAX_SHORT_PUSH ? [2, first] : [3, second];
  const isWhole = (first <= MAX_SHORT_PUSH || (first === OP_PUSHDATA1 && second > MAX_SHORT_PUSH)) && script.length === at + length;
  return isWhole && length >= HEAD_BYTES && length <= MAX_PAYLOAD_BYTES ? script.slice(at) : null;
};

/** What an output's script says, or null when it says nothing of a pool's. */
export const payloadOf = (untrustedScript: Uint8Array): PoolPayload | null => {
  const data = dataOf(untrustedScript);
  if (data === null || data[0] !== MARK[0] || data[1] !== MARK[1]) return null;
  const peer = data[3] ?? 0;
  const body = data.subarray(HEAD_BYTES);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const isType = (type: PoolPayload["type"]): boolean => data[2] === TYPE[type] && body.length === BODY_BYTES[type];
  if (isType("lock")) return { type: "lock", peer, timeoutS: view.getUint32(0), receiver: body.slice(4, 24), refund: body.slice(24) };
  if (isType("request")) {
    return { type: "request", peer, index: view.getUint32(0), requestHash: body.slice(4, 36), receiver: body.slice(36, 56), amount: view.getBigUint64(56), timeoutS: view.getUint32(64) };
  }
  if (isType("receipt")) return { type: "receipt", peer, index: view.getUint32(0), status: body[4] ?? 0, requestHash: body.slice(5, 37), reason: body[37] ?? 0 };
  if (isType("settled")) return { type: "settled", peer, index: view.getUint32(0), status: body[4] ?? 0 };
  return null;
};
