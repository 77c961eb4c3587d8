import { type Context, Contract } from "fabric-contract-api";
import { toHex } from "@crossguardian/kernel";
import { keyFromHex } from "../gateway/governed.ts";
import { answerOf, callPublic, getPrivate, isDataPeer, listDataPeer, sealData, setValue, valueOf } from "../services/data.ts";
import { bytesArg, numberArg } from "./arguments.ts";
import { look, transact } from "./open-call.ts";

/** Transactions of the data service; keys and values are hexadecimal. */
export class DataContract extends Contract {
  constructor() {
    super("data");
  }

  async listPeer(ctx: Context, peer: string): Promise<void> {
    await transact(ctx, async (call) => listDataPeer(call, keyFromHex(peer)));
  }

  async seal(ctx: Context): Promise<void> {
    await transact(ctx, sealData);
  }

  async set(ctx: Context, key: string, value: string): Promise<void> {
    await transact(ctx, async (call) => {
      setValue(call, bytesArg(key), bytesArg(value));
      await Promise.resolve();
    });
  }

  /** Answers the index of the request. */
  async get(ctx: Context, to: string, bodyHash: string, timeoutMs: string): Promise<string> {
    return transact(ctx, async (call) => (await getPrivate(call, keyFromHex(to), keyFromHex(bodyHash), numberArg(timeoutMs))).toString());
  }

  /** Answers the index of the request. */
  async callPublic(ctx: Context, to: string, func: string, key: string, timeoutMs: string): Promise<string> {
    return transact(ctx, async (call) => (await callPublic(call, keyFromHex(to), func, bytesArg(key), numberArg(timeoutMs))).toString());
  }

  async value(ctx: Context, key: string): Promise<string> {
    return look(ctx, async (call) => toHex(await valueOf(call, bytesArg(key))));
  }

  async isPeer(ctx: Context, peer: string): Promise<string> {
    return look(ctx, async (call) => (await isDataPeer(call, keyFromHex(peer))).toString());
  }

  async answerOf(ctx: Context, to: string, index: string): Promise<string> {
    return look(ctx, async (call) => {
      const { status, result } = await answerOf(call, keyFromHex(to), numberArg(index));
      return JSON.stringify({ status, result: toHex(result) });
    });
  }
}
