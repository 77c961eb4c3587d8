import { to0x } from "@crossguardian/kernel";
import { accountAddress, evmChainsOf, makeRpc, type Rpc } from "@crossguardian/world";
import { type Hex } from "viem";

import { type Field } from "../field.ts";
import { chosen, type Fault, type FaultOrder } from "./fault.ts";

const RESOURCE = "chain";
const CALL_DEADLINE_MS = 5_000;
/** Time between two looks of a fault that has to act again and again, in ms. */
const AGAIN_MS = 120;
/** Above what the load and the plugins offer, so that nothing is mined. */
const UNPAYABLE_WEI = 5_000_000_000_000n;
/** Above what a plugin offers at first, below what it may raise its fee to; the load waits. */
const HIGH_WEI = 30_000_000_000n;
/** Of a transaction that takes another's place. */
const REPLACING_WEI = 900_000_000_000n;
const PLAIN_GAS = 21_000n;

type Target = { readonly chain: string; readonly rpc: Rpc; readonly account: Hex };

const targetOf = (field: Field, { choice }: FaultOrder): Target => {
  const { world } = field;
  const chain = chosen(evmChainsOf(world.topology), choice);
  return {
    chain,
    rpc: makeRpc(world.chains.get(chain)?.url ?? "", CALL_DEADLINE_MS),
    account: to0x(accountAddress(world.crypto, world.slots, `plugin-${chain.toLowerCase()}`, chain)),
  };
};

const quantity = (value: bigint): Hex => `0x${value.toString(16)}`;

/** Does something over and over until it is healed; a call that fails is left out. */
const repeating = (act: () => Promise<unknown>): (() => Promise<void>) => {
  const over = new AbortController();
  const loop = (async (): Promise<void> => {
    while (!over.signal.aborted) {
      await act().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  })();
  return async () => {
    over.abort();
    await loop;
  };
};

const priced = (wei: bigint, what: string): Fault => ({
  resource: RESOURCE,
  inject: async (field, order) => {
    const { chain, rpc } = targetOf(field, order);
    const end = repeating(async () => rpc.call("anvil_setNextBlockBaseFeePerGas", [quantity(wei)]));
    return {
      report: { what: `${what} on chain ${chain}`, chains: [chain] },
      heal: async () => {
        await end();
        await rpc.call("anvil_setNextBlockBaseFeePerGas", ["0x0"]);
      },
    };
  },
});

/** Blocks are mined and nothing is in them, because none pays the base fee. */
export const stuckMempool = priced(UNPAYABLE_WEI, "no transaction pays the base fee");

/** The base fee rises above what plugins offer at first: they have to replace what they sent, and a raise that is too small is refused. */
export const priceRise = priced(HIGH_WEI, "the base fee is 30 gwei");

/** What waits to be mined is forgotten, again and again. */
export const droppedTransactions: Fault = {
  resource: RESOURCE,
  inject: async (field, order) => {
    const { chain, rpc } = targetOf(field, order);
    return {
      report: { what: `waiting transactions of chain ${chain} are dropped again and again`, chains: [chain] },
      heal: repeating(async () => rpc.call("anvil_dropAllTransactions", [])),
    };
  },
};

/** Somebody else uses the plugin's account: its next nonce is taken, or what waits under it is replaced. */
export const nonceTaken: Fault = {
  resource: RESOURCE,
  inject: async (field, order) => {
    const { chain, rpc, account } = targetOf(field, order);
    await rpc.call("anvil_impersonateAccount", [account]);
    const nonce = await rpc.call<Hex>("eth_getTransactionCount", [account, "latest"]);
    const own = { from: account, to: account, value: "0x0", gas: quantity(PLAIN_GAS), gasPrice: quantity(REPLACING_WEI), nonce };
    const sent = await rpc.call<Hex>("eth_sendTransaction", [own]).then(() => true, () => false);
    await rpc.call("anvil_stopImpersonatingAccount", [account]);
    return { report: { what: `nonce ${Number(nonce)} of the plugin of chain ${chain} was ${sent ? "" : "nearly "}taken by another transaction`, chains: [chain] }, heal: null };
  },
};

type Pool = { readonly pending: Readonly<Record<string, Readonly<Record<string, { readonly hash: Hex }>>>> };

/** The first of the plugin's waiting transactions is dropped, so that those behind it have a gap before them. */
export const nonceGap: Fault = {
  resource: RESOURCE,
  inject: async (field, order) => {
    const { chain, rpc, account } = targetOf(field, order);
    let dropped = 0;
    const end = repeating(async () => {
      const { pending } = await rpc.call<Pool>("txpool_content", []);
      const [, waiting] = Object.entries(pending).find(([address]) => address.toLowerCase() === account.toLowerCase()) ?? [];
      const [first] = Object.entries(waiting ?? {}).sort(([left], [right]) => Number(left) - Number(right));
      if (first === undefined) return;
      await rpc.call("anvil_dropTransaction", [first[1].hash]);
      dropped += 1;
    });
    await order.wait(order.lastsMs);
    await end();
    return { report: { what: `${dropped} times the first waiting transaction of the plugin of chain ${chain} was dropped`, chains: [chain] }, heal: null };
  },
};
