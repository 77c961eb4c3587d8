import { equalBytes, toHex } from "@crossguardian/kernel";
import { bytes, struct, u8 } from "@crossguardian/wire";
import { type Call, type Service } from "../call.ts";
import { request, requestPrivate } from "../gateway/source.ts";
import { indexKey, makeTable } from "../gateway/store.ts";
import { demand, Refusal } from "../refusal.ts";
import { makeEndpoint } from "./endpoint.ts";

/** Name of the data service in registrations. */
export const DATA = "data";

const PRIORITY = 0;
const MAX_KEY_BYTES = 256;
const MAX_VALUE_BYTES = 1024;
const MAX_ANSWER_BYTES = 32 * 1024;
const endpoint = makeEndpoint(DATA);
const values = makeTable("data/value/", bytes(MAX_VALUE_BYTES));
const answers = makeTable("data/answer/", struct({ status: u8, result: bytes(MAX_ANSWER_BYTES) }));

/** Lists a data service of another chain. */
export const listDataPeer = async (call: Call, peer: Uint8Array): Promise<void> => {
  await endpoint.requireAdmin(call);
  endpoint.list(call, peer);
};

/** Whether it is listed. */
export const isDataPeer = endpoint.isPeer;

/** Ends the admin's power to list peers. */
export const sealData = endpoint.seal;

/** Sets a value; only the admin. */
export const setValue = (call: Call, key: Uint8Array, value: Uint8Array): void => {
  demand(equalBytes(call.caller, call.terms.admin), "NotAdmin");
  demand(key.length <= MAX_KEY_BYTES && value.length <= MAX_VALUE_BYTES, "TooLarge");
  values.put(call.ledger, toHex(key), value);
};

/** Empty when there is none. */
export const valueOf = async ({ ledger }: Call, key: Uint8Array): Promise<Uint8Array> => (await values.get(ledger, toHex(key))) ?? new Uint8Array(0);

/** Status 0 while unanswered. */
export const answerOf = async ({ ledger }: Call, to: Uint8Array, index: bigint): Promise<{ readonly status: number; readonly result: Uint8Array }> =>
  (await answers.get(ledger, indexKey(toHex(to), index))) ?? { status: 0, result: new Uint8Array(0) };

/** Asks privately: bodyHash = keccak256(abi.encode(bytes32 salt, "get", [key])); salt and key go to the gateway sealed. */
export const getPrivate = async (call: Call, to: Uint8Array, bodyHash: Uint8Array, timeoutMs: bigint): Promise<bigint> =>
  requestPrivate(call, await endpoint.key(call), { to, timeoutMs, priority: PRIORITY }, bodyHash);

/** Asks for any function; one the other side does not know fails there and rolls back here. */
export const callPublic = async (call: Call, to: Uint8Array, func: string, key: Uint8Array, timeoutMs: bigint): Promise<bigint> =>
  request(call, await endpoint.key(call), { to, timeoutMs, priority: PRIORITY }, func, [key]);

/** Keeps values by key, answers "get" from listed peers, and asks other data services (DataService.sol). */
export const data: Service = {
  onRequest: async (call, from, _index, func, args) => {
    await endpoint.requirePeer(call, from);
    demand(func === "get", "UnknownFunction");
    const [key, ...rest] = args;
    if (key === undefined || rest.length > 0) throw new Refusal("ArgumentsInvalid");
    const value = await valueOf(call, key);
    demand(value.length > 0, "KeyUnknown");
    return value;
  },
  onReceipt: async ({ ledger }, to, index, status, result) => {
    answers.put(ledger, indexKey(toHex(to), index), { status, result });
    await Promise.resolve();
  },
};
