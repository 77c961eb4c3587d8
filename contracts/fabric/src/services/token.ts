import { toHex } from "@crossguardian/kernel";
import { hash32, struct } from "@crossguardian/wire";
import { wordOf } from "@crossguardian/protocol";
import { type Call } from "../call.ts";
import { makeTable } from "../gateway/store.ts";
import { demand } from "../refusal.ts";

const amountRecord = struct({ amount: hash32 });
const balances = makeTable("balance/", amountRecord);
const supplies = makeTable("supply/", amountRecord);
const MAX_U256 = (1n << 256n) - 1n;

/** Home token of the vault. */
export const HOME_TOKEN = "home";
/** Token that stands here for what is locked at a peer. */
export const wrappedToken = (peer: Uint8Array): string => `wrapped.${toHex(peer)}`;

const read = (record: { readonly amount: Uint8Array } | null): bigint => BigInt(`0x${record === null ? "0" : toHex(record.amount)}`);

/** Balance of an account, 20 bytes. */
export const balanceOf = async ({ ledger }: Call, token: string, account: Uint8Array): Promise<bigint> =>
  read(await balances.get(ledger, `${token}/${toHex(account)}`));

/** Everything there is of a token. */
export const totalSupply = async ({ ledger }: Call, token: string): Promise<bigint> => read(await supplies.get(ledger, token));

const add = async (call: Call, token: string, account: Uint8Array, value: bigint): Promise<void> => {
  const balance = await balanceOf(call, token, account);
  demand(balance + value >= 0n, "BalanceTooLow", { balance, needed: -value });
  demand(balance + value <= MAX_U256, "AmountInvalid");
  balances.put(call.ledger, `${token}/${toHex(account)}`, { amount: wordOf(balance + value) });
};

/** Makes tokens (value above 0) or destroys them (below 0). */
export const mint = async (call: Call, token: string, account: Uint8Array, value: bigint): Promise<void> => {
  demand(account.some((byte) => byte !== 0), "ZeroAddress");
  await add(call, token, account, value);
  supplies.put(call.ledger, token, { amount: wordOf((await totalSupply(call, token)) + value) });
};

/** Moves tokens between two accounts. */
export const move = async (call: Call, token: string, from: Uint8Array, to: Uint8Array, value: bigint): Promise<void> => {
  demand(value >= 0n, "AmountInvalid");
  demand(to.some((byte) => byte !== 0), "ZeroAddress");
  await add(call, token, from, -value);
  await add(call, token, to, value);
};
