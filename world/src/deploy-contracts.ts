import { dataServiceAbi, gatewayAbi, tokenAbi } from "@crossguardian/contracts-evm";
import { type Crypto } from "@crossguardian/crypto";
import { fromHex, to0x, utf8 } from "@crossguardian/kernel";
import { type Hashes } from "@crossguardian/protocol";
import { encodeFunctionData, hashTypedData, type Hex } from "viem";

import {
  type Deployment,
  gatewayCreation,
  type GatewayTerms,
  ownServiceCalls,
  peerDrafts,
  plannedDeployment,
  type Remote,
  remoteCalls,
  serviceCreations,
} from "./contract-drafts.ts";
import { signAscending } from "./key-slots.ts";
import { type Rpc } from "./rpc.ts";
import { type Draft, makeSender, type Sender } from "./sender.ts";

/** Keys and numbers that the contracts of every chain are made with. */
export type DeployTerms = Omit<GatewayTerms, "governors"> & { readonly governorKeys: readonly Uint8Array[] };

/** One `governed` transaction, signed by the governance keys over the contract's next nonce. */
export const governedDraft = (
  crypto: Crypto,
  contract: Hex,
  numericId: number,
  nonce: bigint,
  calls: readonly Hex[],
  governorKeys: readonly Uint8Array[],
): Draft => {
  const digest = hashTypedData({
    domain: { name: "CrossGuardian Gateway", version: "1", chainId: numericId, verifyingContract: contract },
    types: {
      Governed: [
        { name: "nonce", type: "uint256" },
        { name: "calls", type: "bytes[]" },
      ],
    },
    primaryType: "Governed",
    message: { nonce, calls: [...calls] },
  });
  const signatures = signAscending(crypto, fromHex(digest), governorKeys).map((each) => to0x(each));
  return {
    to: contract,
    data: encodeFunctionData({ abi: gatewayAbi, functionName: "governed", args: [[...calls], signatures] }),
  };
};

/** What is deployed onto one chain, and by whom. */
export type DeployOrder = {
  readonly chain: string;
  readonly numericId: number;
  readonly rpc: Rpc;
  readonly deployerKey: Hex;
  readonly remotes: readonly Remote[];
  readonly terms: DeployTerms;
  /** Entries of the data service. */
  readonly records: Readonly<Record<string, string>>;
  /** Accounts that get tokens and may lock them. */
  readonly holders: readonly { readonly privateKey: Hex; readonly address: Hex }[];
  /** Accounts that get ether for their transactions. */
  readonly funded: readonly Hex[];
};

const HOLDER_TOKENS = 10n ** 24n;
const FUND_WEI = 10n ** 20n;

const setUpDrafts = (hashes: Hashes, order: DeployOrder, plan: Deployment): readonly Draft[] => [
  ...order.remotes.flatMap((remote) => peerDrafts(hashes, order.chain, plan, remote.chain).slice(0, remote.isWithoutData === true ? 1 : 2)),
  ...Object.entries(order.records).map(([key, value]): Draft => ({
    to: plan.data,
    data: encodeFunctionData({ abi: dataServiceAbi, functionName: "set", args: [to0x(utf8(key)), to0x(utf8(value))] }),
  })),
  ...order.holders.map((holder): Draft => ({
    to: plan.token,
    data: encodeFunctionData({ abi: tokenAbi, functionName: "mint", args: [holder.address, HOLDER_TOKENS] }),
  })),
  ...order.funded.map((address): Draft => ({ to: address, data: "0x", value: FUND_WEI, gas: 100_000n })),
];

/** Deploys and registers everything of one chain; returns when all of it is mined. */
export const deployContracts = async (
  powers: { readonly crypto: Crypto; readonly hashes: Hashes },
  order: DeployOrder,
): Promise<Deployment> => {
  const sender: Sender = makeSender(order.rpc, order.numericId, order.deployerKey);
  const plan = plannedDeployment(sender.address);
  const calls = [...ownServiceCalls(order.chain, plan), ...order.remotes.flatMap((remote) => remoteCalls(powers.hashes, order.chain, remote))];
  const { governorKeys, governanceThreshold } = order.terms;
  const governors = governorKeys.map((key) => powers.crypto.secp256k1.address(key));
  await sender.run([
    gatewayCreation({ ...order.terms, governors }),
    ...serviceCreations(order.chain, plan, sender.address),
    governedDraft(powers.crypto, plan.gateway, order.numericId, 0n, calls, governorKeys.slice(0, governanceThreshold)),
    ...setUpDrafts(powers.hashes, order, plan),
  ]);
  await Promise.all(
    order.holders.map(async (holder) =>
      makeSender(order.rpc, order.numericId, holder.privateKey).run([
        {
          to: plan.token,
          data: encodeFunctionData({ abi: tokenAbi, functionName: "approve", args: [plan.vault, 2n ** 256n - 1n] }),
          gas: 200_000n,
        },
      ]),
    ),
  );
  return plan;
};
