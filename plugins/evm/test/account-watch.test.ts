import assert from "node:assert/strict";
import { test } from "node:test";
import { type Fact } from "@crossguardian/kernel";
import { type TipWatch } from "../src/chain/tip-watch.ts";
import { ACCOUNT_CHECK_MS, LOW_BALANCE_TRANSACTIONS, MAX_SAID_TRANSACTIONS } from "../src/limits.ts";
import { makeAccountWatch } from "../src/submit/account-watch.ts";

const BASE_WEI = 7n;
const TIP_WEI = 3n;
const MAX_GAS = 1_000n;
const CALL_GAS = 100n;
const HEADER = { hash: new Uint8Array(32), parentHash: new Uint8Array(32), receiptsRoot: new Uint8Array(32), logsBloom: new Uint8Array(256), rlp: new Uint8Array(0) };
const PRICE_WEI = BASE_WEI + TIP_WEI;

const setUp = (balanceWei: bigint, baseFeeWei = BASE_WEI, tipWei = TIP_WEI) => {
  let nowMs = 0;
  const said: { readonly level: string; readonly event: string; readonly facts: Readonly<Record<string, Fact>> }[] = [];
  const asked: string[] = [];
  const note = (level: string) => (event: string, facts: Readonly<Record<string, Fact>> = {}): void => void said.push({ level, event, facts });
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  const watch: TipWatch = {
    tip: () => 9n,
    baseFeeWei: () => null,
    header: async (height) => ({ ...HEADER, height, baseFeeWei }),
    call: async (method) => {
      asked.push(method);
      return hex(method === "eth_getBalance" ? balanceWei : tipWei);
    },
    isUp: () => true,
    waits: () => false,
    distrust: () => undefined,
    stop: () => undefined,
  };
  const account = makeAccountWatch({
    watch, address: new Uint8Array(20), maxGas: MAX_GAS, callGas: CALL_GAS,
    clock: { wallMs: () => nowMs, monotonicMs: () => nowMs, after: () => () => undefined },
    log: { info: note("info"), warn: note("warn"), alarm: note("alarm") },
  });
  const check = async (afterMs = 0): Promise<void> => {
    nowMs += afterMs;
    account.check();
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  return { account, check, said, asked };
};

test("what the balance pays for is told in transactions of the largest gas and of one call", async () => {
  const { account, check, said } = setUp(PRICE_WEI * MAX_GAS * LOW_BALANCE_TRANSACTIONS);
  assert.equal(account.affordable(), null);
  await check();
  assert.deepEqual(account.affordable(), { transactions: 100, calls: 1_000, balanceGwei: 0 });
  assert.deepEqual(said, []);
});

test("a balance below its bound warns with its code, one that pays for no call is an alarm", async () => {
  const low = setUp(PRICE_WEI * MAX_GAS * LOW_BALANCE_TRANSACTIONS - 1n);
  await low.check();
  assert.deepEqual(low.said.map(({ level, event, facts }) => [level, event, facts["transactions"]]), [["warn", "evm.account.low", 99]]);
  const empty = setUp(PRICE_WEI * CALL_GAS - 1n);
  await empty.check();
  assert.deepEqual(empty.said.map(({ level, event }) => [level, event]), [["warn", "evm.account.low"], ["alarm", "evm.account.empty"]]);
});

test("the balance is looked at again after the interval, not before", async () => {
  const { check, asked } = setUp(1n);
  await check();
  const once = asked.length;
  await check(ACCOUNT_CHECK_MS - 1);
  assert.equal(asked.length, once);
  await check(1);
  assert.equal(asked.length, 2 * once);
});

test("where gas is free the account pays for as many as are ever told", async () => {
  const { account, check, said } = setUp(0n, 0n, 0n);
  await check();
  assert.deepEqual(account.affordable(), { transactions: Number(MAX_SAID_TRANSACTIONS), calls: Number(MAX_SAID_TRANSACTIONS), balanceGwei: 0 });
  assert.deepEqual(said, []);
});
