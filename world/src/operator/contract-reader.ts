import { dataServiceAbi, gatewayAbi, vaultAbi } from "@crossguardian/contracts-evm";
import { to0x } from "@crossguardian/kernel";
import { type Hashes } from "@crossguardian/protocol";
import { decodeFunctionResult, encodeFunctionData, type Hex } from "viem";

import { type Rpc } from "../rpc.ts";

/** A service as a gateway contract has registered it. */
export type OnChainService = { readonly id: string; readonly isLocal: boolean; readonly account: Hex };

/** Reads what the contracts of a chain say, at the latest block. @throws cli.rpc.failed */
export type ContractReader = {
  readonly hasCode: (address: Hex) => Promise<boolean>;
  readonly relayGenesis: (gateway: Hex) => Promise<Hex>;
  readonly governanceNonce: (gateway: Hex) => Promise<bigint>;
  readonly services: (gateway: Hex) => Promise<readonly OnChainService[]>;
  readonly isPairAllowed: (gateway: Hex, from: string, to: string) => Promise<boolean>;
  readonly isPairFrozen: (gateway: Hex, from: string, to: string) => Promise<boolean>;
  /** Who may list peers of a vault or data service. */
  readonly admin: (service: Hex) => Promise<Hex>;
  readonly isPeer: (service: Hex, peer: string) => Promise<boolean>;
};

/** Makes a reader of one chain. */
export const makeContractReader = (rpc: Rpc, hashes: Pick<Hashes, "serviceKey">): ContractReader => {
  const ask = async (to: Hex, data: Hex): Promise<Hex> => rpc.call<Hex>("eth_call", [{ to, data }, "latest"]);
  const pairState = async (gateway: Hex, from: string, to: string) =>
    decodeFunctionResult({
      abi: gatewayAbi,
      functionName: "pairState",
      data: await ask(gateway, encodeFunctionData({ abi: gatewayAbi, functionName: "pairState", args: [key(from), key(to)] })),
    });
  const key = (id: string): Hex => to0x(hashes.serviceKey(id));
  return {
    hasCode: async (address) => (await rpc.call<Hex>("eth_getCode", [address, "latest"])).length > 2,
    relayGenesis: async (gateway) =>
      decodeFunctionResult({
        abi: gatewayAbi,
        functionName: "relayGenesis",
        data: await ask(gateway, encodeFunctionData({ abi: gatewayAbi, functionName: "relayGenesis" })),
      }),
    governanceNonce: async (gateway) =>
      decodeFunctionResult({
        abi: gatewayAbi,
        functionName: "governanceNonce",
        data: await ask(gateway, encodeFunctionData({ abi: gatewayAbi, functionName: "governanceNonce" })),
      }),
    services: async (gateway) =>
      decodeFunctionResult({
        abi: gatewayAbi,
        functionName: "services",
        data: await ask(gateway, encodeFunctionData({ abi: gatewayAbi, functionName: "services" })),
      }).map((each) => ({
        id: each.fullId,
        isLocal: each.isLocal,
        account: each.isLocal ? each.local.account : `0x${each.remote.account.slice(-40)}`,
      })),
    isPairAllowed: async (gateway, from, to) => (await pairState(gateway, from, to)).allowed,
    isPairFrozen: async (gateway, from, to) => (await pairState(gateway, from, to)).frozen,
    admin: async (service) =>
      decodeFunctionResult({
        abi: vaultAbi,
        functionName: "admin",
        data: await ask(service, encodeFunctionData({ abi: vaultAbi, functionName: "admin" })),
      }),
    isPeer: async (service, peer) =>
      decodeFunctionResult({
        abi: dataServiceAbi,
        functionName: "isPeer",
        data: await ask(service, encodeFunctionData({ abi: dataServiceAbi, functionName: "isPeer", args: [key(peer)] })),
      }),
  };
};
