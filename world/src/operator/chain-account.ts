import { type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { makeRpc, type Rpc } from "../rpc.ts";
import { type Draft, makeSender, type Receipt } from "../sender.ts";

/** An account that sends one transaction at a time, with the gas the node estimates. */
export type ChainAccount = {
  readonly address: Hex;
  readonly rpc: Rpc;
  /** Sends and waits until it is mined. @throws cli.rpc.failed, cli.transaction.reverted, cli.transaction.missing */
  readonly run: (draft: Draft) => Promise<Receipt>;
};

const MINED_DEADLINE_MS = 600_000;
/** Blocks move on between estimate and execution. */
const GAS_MARGIN_PERCENT = 25n;

const hexOf = (value: bigint): Hex => `0x${value.toString(16)}`;

/** Opens an account on a chain of the operator's own. */
export const openChainAccount = (chain: { readonly url: string; readonly numericId: number }, privateKey: Hex): ChainAccount => {
  const rpc = makeRpc(chain.url);
  const { address } = privateKeyToAccount(privateKey);
  const sender = makeSender(rpc, chain.numericId, privateKey, { leastGasPriceWei: 1n, minedDeadlineMs: MINED_DEADLINE_MS });
  return {
    address,
    rpc,
    run: async (draft) => {
      const asked = { from: address, data: draft.data, value: hexOf(draft.value ?? 0n), ...(draft.to === null ? {} : { to: draft.to }) };
      const estimate = BigInt(await rpc.call<Hex>("eth_estimateGas", [asked]));
      const gas = draft.gas ?? (estimate * (100n + GAS_MARGIN_PERCENT)) / 100n;
      const [receipt] = await sender.run([{ ...draft, gas }]);
      if (receipt === undefined) throw new Error("a mined transaction has no receipt");
      return receipt;
    },
  };
};
