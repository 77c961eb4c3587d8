import { type Clock, CodedError, type Log, to0x } from "@crossguardian/kernel";
import { type TipWatch } from "../chain/tip-watch.ts";
import {
  ACCOUNT_CHECK_MS,
  DEFAULT_PRIORITY_FEE_WEI,
  LOW_BALANCE_TRANSACTIONS,
  MAX_SAID_TRANSACTIONS,
  MAX_PRIORITY_FEE_WEI,
} from "../limits.ts";
import { decodeQuantity } from "../rpc/decode-values.ts";
import { type Fee } from "./sign-transaction.ts";

/** What an account can pay for at the going price: transactions of the largest gas, and of one call. */
export type Affordable = { readonly transactions: number; readonly calls: number; readonly balanceGwei: number };

/** What a transaction should pay now, and whether our account can. */
export type AccountWatch = {
  /** `raises` times a quarter above the going fee. @throws evm.rpc.*, evm.answer.* */
  readonly fee: (raises: number) => Promise<Fee>;
  /** Looks at tip and balance when the last look is ACCOUNT_CHECK_MS old. */
  readonly check: () => void;
  /** As of the last look; null before the first. */
  readonly affordable: () => Affordable | null;
};

const raised = (value: bigint, raises: number): bigint => {
  let fee = value;
  for (let step = 0; step < raises; step += 1) fee = fee + fee / 4n + 1n;
  return fee;
};

const WEI_PER_GWEI = 1_000_000_000n;
const timesIn = (balanceWei: bigint, priceWei: bigint): number =>
  Number(priceWei === 0n ? MAX_SAID_TRANSACTIONS : least(balanceWei / priceWei, MAX_SAID_TRANSACTIONS));

const least = (left: bigint, right: bigint): bigint => (left < right ? left : right);

/** Watches fee and balance of `address`; warns when the balance is low. */
export const makeAccountWatch = (options: {
  readonly watch: TipWatch;
  readonly address: Uint8Array;
  readonly maxGas: bigint;
  /** Gas of a transaction with one call. */
  readonly callGas: bigint;
  readonly clock: Clock;
  readonly log: Log;
}): AccountWatch => {
  const { watch, clock, log } = options;
  let checkedMs = -Infinity;
  let tipWei = DEFAULT_PRIORITY_FEE_WEI;
  let baseFeeWei: bigint | null | "unknown" = "unknown";

  let affordable: Affordable | null = null;

  const ask = async (method: string, params: readonly unknown[]): Promise<bigint | null> => {
    try {
      return decodeQuantity(await watch.call(method, params), method);
    } catch (error) {
      if (error instanceof CodedError && error.code === "evm.rpc.refused") return null;
      throw error;
    }
  };

  const lookAtFee = async (): Promise<void> => {
    const height = watch.tip();
    const header = height === null ? null : await watch.header(height);
    if (header === null) throw new CodedError("evm.rpc.down", { method: "fee" });
    baseFeeWei = header.baseFeeWei;
    const asked = await ask(baseFeeWei === null ? "eth_gasPrice" : "eth_maxPriorityFeePerGas", []);
    tipWei = least(asked ?? DEFAULT_PRIORITY_FEE_WEI, MAX_PRIORITY_FEE_WEI);
  };

  const lookAtBalance = async (): Promise<void> => {
    const balance = await ask("eth_getBalance", [to0x(options.address), "latest"]);
    const base = baseFeeWei === "unknown" ? 0n : (baseFeeWei ?? 0n);
    const priceWei = base + tipWei;
    const wanted = priceWei * options.maxGas * LOW_BALANCE_TRANSACTIONS;
    if (balance === null) return;
    affordable = {
      transactions: timesIn(balance, priceWei * options.maxGas),
      calls: timesIn(balance, priceWei * options.callGas),
      balanceGwei: Number(balance / WEI_PER_GWEI),
    };
    const facts = { address: to0x(options.address), balanceWei: balance, wantedWei: wanted, transactions: affordable.transactions };
    if (balance < wanted) log.warn("evm.account.low", facts);
    if (affordable.calls === 0) log.alarm("evm.account.empty", facts);
  };

  const fee = async (raises: number): Promise<Fee> => {
    const pushed = watch.baseFeeWei();
    if (baseFeeWei === "unknown") await lookAtFee();
    if (pushed !== null) baseFeeWei = pushed;
    if (baseFeeWei === null || baseFeeWei === "unknown") return { kind: "legacy", gasPriceWei: raised(tipWei, raises) };
    const tip = raised(tipWei, raises);
    return { kind: "eip1559", maxFeeWei: raised(baseFeeWei * 2n, raises) + tip, tipWei: tip };
  };

  return {
    fee,
    affordable: () => affordable,
    check: () => {
      const now = clock.monotonicMs();
      if (now - checkedMs < ACCOUNT_CHECK_MS || !watch.isUp() || watch.tip() === null) return;
      checkedMs = now;
      lookAtFee()
        .then(lookAtBalance)
        .catch((error: unknown) => {
          if (!(error instanceof CodedError)) throw error;
          checkedMs = -Infinity;
        });
    },
  };
};
