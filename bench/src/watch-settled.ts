import { gatewayAbi } from "@crossguardian/contracts-evm";
import { headOf, transferKey, type World } from "@crossguardian/world";
import { encodeEventTopics, type Hex } from "viem";

/** A transfer that its source contract has settled. */
export type SettledKey = { readonly key: string; readonly isSuccess: boolean };

const SUCCESS = 3n;
const WORD_CHARS = 64;

type SettledLog = { readonly topics: readonly [Hex, Hex, Hex]; readonly data: Hex };

const wordAt = (data: Hex, at: number): bigint => BigInt(`0x${data.slice(2 + at * WORD_CHARS, 2 + (at + 1) * WORD_CHARS)}`);

/** Reads what was settled since the last call, and nothing else: watching has to be cheap beside what is measured. */
export const watchSettled = async (world: World): Promise<() => Promise<readonly SettledKey[]>> => {
  const [topic] = encodeEventTopics({ abi: gatewayAbi, eventName: "Settled" });
  const chains = await Promise.all(
    [...world.rpcs].map(async ([name, rpc]) => ({ rpc, address: world.deployments.get(name)?.gateway ?? "0x", next: (await headOf(rpc)) + 1n })),
  );
  return async () => {
    const found = await Promise.all(
      chains.map(async (chain) => {
        const head = await headOf(chain.rpc);
        if (head < chain.next) return { chain, head, keys: [] };
        const range = { fromBlock: `0x${chain.next.toString(16)}`, toBlock: `0x${head.toString(16)}` };
        const logs = await chain.rpc.call<readonly SettledLog[]>("eth_getLogs", [{ address: chain.address, topics: [topic], ...range }]);
        const keys = logs.map(({ topics, data }) => ({
          key: transferKey({ from: topics[1], to: topics[2], index: wordAt(data, 0) }),
          isSuccess: wordAt(data, 1) === SUCCESS,
        }));
        return { chain, head, keys };
      }),
    );
    // Only where all chains answered: else what one said would be told to nobody.
    for (const { chain, head } of found) if (head >= chain.next) chain.next = head + 1n;
    return found.flatMap(({ keys }) => keys);
  };
};
