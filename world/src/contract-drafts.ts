import { dataServiceAbi, gatewayAbi, loadArtifacts, vaultAbi } from "@crossguardian/contracts-evm";
import { to0x } from "@crossguardian/kernel";
import { type Hashes } from "@crossguardian/protocol";
import { encodeDeployData, encodeFunctionData, getContractAddress, type Hex } from "viem";

import { type Draft } from "./sender.ts";
import { dataOf, vaultOf } from "./world.ts";

/** Addresses of a chain's contracts. */
export type Deployment = {
  readonly gateway: Hex;
  readonly token: Hex;
  readonly vault: Hex;
  readonly data: Hex;
};

/** What the constructor of every chain's gateway is given. */
export type GatewayTerms = {
  readonly relayGenesis: Uint8Array;
  /** Addresses of 20 bytes. */
  readonly governors: readonly Uint8Array[];
  readonly governanceThreshold: number;
  readonly pauseAddress: Hex;
  readonly validators: readonly Uint8Array[];
  readonly threshold: number;
};

/** Another chain, as the contracts of this one register it. Its gateway contract is an address, or 32 bytes where the chain has none. */
export type Remote = {
  readonly chain: string;
  readonly numericId: number;
  readonly deployment: Pick<Deployment, "gateway">;
  /** It has a vault alone. */
  readonly isWithoutData?: boolean;
};

/** Bounds of a gateway contract. */
export const CONTRACT_LIMITS = {
  minTimeoutMs: 1_000n,
  maxTimeoutMs: 86_400_000n,
  window: 65_536,
  maxResultBytes: 1_024,
  reserveGas: 100_000,
} as const;

/** Gas of one call into a service. */
export const CALL_GAS = 250_000n;

const wordOfAddress = (address: Hex): Hex => `0x${address.slice(2).toLowerCase().padStart(64, "0")}`;
const wordOfId = (id: number): Hex => `0x${id.toString(16).padStart(64, "0")}`;

/** Where a deployer's next four contracts will stand: known before anything is sent. */
export const plannedDeployment = (deployer: Hex, firstNonce = 0n): Deployment => {
  const at = (offset: bigint): Hex => getContractAddress({ from: deployer, nonce: firstNonce + offset });
  return { gateway: at(0n), token: at(1n), vault: at(2n), data: at(3n) };
};

/** Creates the gateway of a chain. */
export const gatewayCreation = (terms: GatewayTerms): Draft => ({
  to: null,
  data: encodeDeployData({
    abi: gatewayAbi,
    bytecode: loadArtifacts().Gateway.bytecode,
    args: [
      to0x(terms.relayGenesis),
      terms.governors.map((each) => to0x(each)),
      terms.governanceThreshold,
      terms.pauseAddress,
      terms.validators.map((each) => to0x(each)),
      terms.threshold,
      CONTRACT_LIMITS,
    ],
  }),
});

/** Creates the token, vault and data service of a chain, in this order. `plan` says where they will stand. */
export const serviceCreations = (chain: string, plan: Deployment, admin: Hex): readonly Draft[] => {
  const artifacts = loadArtifacts();
  const create = (data: Hex): Draft => ({ to: null, data });
  return [
    create(encodeDeployData({ abi: artifacts.TestToken.abi, bytecode: artifacts.TestToken.bytecode, args: [`Token of chain ${chain}`, `T${chain}`] })),
    create(encodeDeployData({ abi: artifacts.Vault.abi, bytecode: artifacts.Vault.bytecode, args: [plan.gateway, admin, plan.token] })),
    create(encodeDeployData({ abi: artifacts.DataService.abi, bytecode: artifacts.DataService.bytecode, args: [plan.gateway, admin] })),
  ];
};

/** Governed call that registers a service of the contract's own chain. */
export const localServiceCall = (id: string, service: Hex, ordered: boolean, asset: boolean): Hex =>
  encodeFunctionData({ abi: gatewayAbi, functionName: "registerLocalService", args: [id, service, CALL_GAS, ordered, asset] });

/** Governed call that registers a service of another chain. */
export const remoteServiceCall = (id: string, remote: Remote): Hex =>
  encodeFunctionData({
    abi: gatewayAbi,
    functionName: "registerRemoteService",
    args: [id, wordOfId(remote.numericId), wordOfAddress(remote.deployment.gateway)],
  });

/** Governed calls that let a local and a remote service address each other. */
export const pairCalls = (hashes: Pick<Hashes, "serviceKey">, near: string, far: string): readonly Hex[] => {
  const [here, there] = [to0x(hashes.serviceKey(near)), to0x(hashes.serviceKey(far))];
  return [
    encodeFunctionData({ abi: gatewayAbi, functionName: "allowPair", args: [here, there] }),
    encodeFunctionData({ abi: gatewayAbi, functionName: "allowPair", args: [there, here] }),
  ];
};

/** Governed calls that make a chain's vault and data service known to its gateway. */
export const ownServiceCalls = (chain: string, plan: Deployment): readonly Hex[] => [
  localServiceCall(vaultOf(chain), plan.vault, false, true),
  localServiceCall(dataOf(chain), plan.data, false, false),
];

/** Governed calls that connect a chain's vault and data service with those of another chain. */
export const remoteCalls = (hashes: Hashes, chain: string, remote: Remote): readonly Hex[] =>
  (remote.isWithoutData === true ? [vaultOf] : [vaultOf, dataOf]).flatMap((idOf) => [
    remoteServiceCall(idOf(remote.chain), remote),
    ...pairCalls(hashes, idOf(chain), idOf(remote.chain)),
  ]);

/** Lets vault and data service talk to those of another chain; sent by their admin. */
export const peerDrafts = (hashes: Hashes, chain: string, plan: Deployment, remote: string): readonly Draft[] => [
  {
    to: plan.vault,
    data: encodeFunctionData({
      abi: vaultAbi,
      functionName: "listPeer",
      args: [to0x(hashes.serviceKey(vaultOf(remote))), `Token of chain ${remote} on ${chain}`, `w${remote}`],
    }),
  },
  {
    to: plan.data,
    data: encodeFunctionData({ abi: dataServiceAbi, functionName: "listPeer", args: [to0x(hashes.serviceKey(dataOf(remote)))] }),
  },
];
