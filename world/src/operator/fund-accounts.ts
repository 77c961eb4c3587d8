import { tokenAbi } from "@crossguardian/contracts-evm";
import { CodedError, to0x } from "@crossguardian/kernel";
import { encodeFunctionData, type Hex } from "viem";

import { accountAddress, type KeySlots } from "../key-slots.ts";
import { type SavedWorld } from "../saved-world.ts";
import { openChainAccount } from "./chain-account.ts";
import { kindOfPlan, pluginsOf } from "../world.ts";
import { type OperatorPowers } from "./plan-world.ts";

/** Sends the plugins' submitting accounts as much as they have less than `leastWei`. @throws cli.rpc.failed, cli.transaction.* */
export const fundAccounts = async (
  powers: OperatorPowers,
  saved: SavedWorld,
  work: { readonly slots: KeySlots; readonly deployerKey: Hex; readonly leastWei: bigint; readonly say: (text: string) => void },
): Promise<void> => {
  for (const chain of saved.chains.filter((each) => kindOfPlan(each) === "evm")) {
    const account = openChainAccount(chain, work.deployerKey);
    for (const owner of pluginsOf(saved.topology, chain.name)) {
      const to = to0x(accountAddress(powers.crypto, work.slots, owner, chain.name));
      const balance = BigInt(await account.rpc.call<Hex>("eth_getBalance", [to, "latest"]));
      if (balance >= work.leastWei) continue;
      await account.run({ to, data: "0x", value: work.leastWei - balance });
      work.say(`chain ${chain.name}: funded ${to}, the account of ${owner}`);
    }
  }
};

/** Mints tokens of a chain's demonstration token; only its deployer may. @throws cli.deploy.missing, cli.rpc.failed, cli.transaction.* */
export const mintTokens = async (
  saved: SavedWorld,
  work: { readonly chain: string; readonly privateKey: Hex; readonly to: Hex; readonly amount: bigint },
): Promise<Hex> => {
  const plan = saved.chains.find(({ name }) => name === work.chain);
  const token = saved.deployments.get(work.chain)?.token;
  if (plan === undefined || token === undefined) throw new CodedError("cli.deploy.missing", { chains: work.chain.slice(0, 40) });
  const data = encodeFunctionData({ abi: tokenAbi, functionName: "mint", args: [work.to, work.amount] });
  return (await openChainAccount(plan, work.privateKey).run({ to: token, data })).transactionHash;
};
