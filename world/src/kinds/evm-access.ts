import { dataServiceAbi, vaultAbi, wrappedTokenAbi } from "@crossguardian/contracts-evm";
import { type DevAccount } from "@crossguardian/devnet";
import { to0x, utf8 } from "@crossguardian/kernel";
import { type Hashes } from "@crossguardian/protocol";
import { decodeFunctionResult, encodeFunctionData, type Hex } from "viem";

import { type Deployment } from "../contract-drafts.ts";
import { headOf, readAssetEffects, readTransferEvents } from "../oracle/chain-facts.ts";
import { type Rpc } from "../rpc.ts";
import { type Draft, makeSender } from "../sender.ts";
import { dataOf, vaultOf } from "../world.ts";
import { type ChainAccess, type ChainSender } from "./chain-access.ts";
import { holdsForeignAssets, type KindOf } from "./kind-facts.ts";

const AMOUNT = 10n ** 18n;
/** Of an asset that came from a chain with few decimals, such as a bitcoin's satoshi. */
const SMALL_AMOUNT = 20_000n;
const CALL_GAS = 400_000n;

/** What an EVM chain is reached with. */
export type EvmPlace = {
  readonly name: string;
  readonly numericId: number;
  readonly rpc: Rpc;
  readonly deployment: Deployment;
  readonly hashes: Pick<Hashes, "serviceKey">;
  readonly users: readonly DevAccount[];
  readonly kindOf: KindOf;
  /** A user's account on a peer chain. */
  readonly receiverOn: (chain: string, user: DevAccount) => Hex;
};

const supplyOf = async ({ rpc, deployment, hashes }: EvmPlace, peer: string): Promise<{ readonly locked: bigint; readonly circulating: bigint }> => {
  const args = [to0x(hashes.serviceKey(vaultOf(peer)))] as const;
  const ask = async (to: Hex, data: Hex): Promise<Hex> => rpc.call<Hex>("eth_call", [{ to, data }, "latest"]);
  const locked = await ask(deployment.vault, encodeFunctionData({ abi: vaultAbi, functionName: "lockedFor", args }));
  const wrapped = await ask(deployment.vault, encodeFunctionData({ abi: vaultAbi, functionName: "wrapped", args }));
  const token = decodeFunctionResult({ abi: vaultAbi, functionName: "wrapped", data: wrapped });
  const supply = await ask(token, encodeFunctionData({ abi: wrappedTokenAbi, functionName: "totalSupply" }));
  return {
    locked: decodeFunctionResult({ abi: vaultAbi, functionName: "lockedFor", data: locked }),
    circulating: decodeFunctionResult({ abi: wrappedTokenAbi, functionName: "totalSupply", data: supply }),
  };
};

const senderOf = (place: EvmPlace, lane: number): ChainSender => {
  const user = place.users[lane % place.users.length];
  const [receiver] = place.users;
  if (user === undefined || receiver === undefined) throw new Error("no user account");
  const sender = makeSender(place.rpc, place.numericId, user.privateKey);
  const send = async (draft: Draft): Promise<string> => {
    const [transaction] = await sender.send([{ ...draft, gas: CALL_GAS }]);
    if (transaction === undefined) throw new Error("nothing was sent");
    return transaction;
  };
  const keyOf = (id: string): Hex => to0x(place.hashes.serviceKey(id));
  const move = async (to: string, receiverOnPeer: Hex, timeoutMs: bigint): Promise<string> => {
    const isTheirs = !holdsForeignAssets(place.kindOf(to));
    const args = [keyOf(vaultOf(to)), receiverOnPeer, isTheirs ? SMALL_AMOUNT : AMOUNT, timeoutMs] as const;
    return send({ to: place.deployment.vault, data: encodeFunctionData({ abi: vaultAbi, functionName: isTheirs ? "burn" : "lock", args }) });
  };
  const { data: service } = place.deployment;
  return {
    asset: async (to, timeoutMs) => move(to, place.receiverOn(to, receiver), timeoutMs),
    refusedAsset: async (to, timeoutMs) =>
      send({
        to: place.deployment.vault,
        data: encodeFunctionData({ abi: vaultAbi, functionName: "lock", args: [keyOf(vaultOf(to)), receiver.address, AMOUNT, timeoutMs] }),
      }),
    data: {
      get: async (to, bodyHash, timeoutMs) =>
        send({ to: service, data: encodeFunctionData({ abi: dataServiceAbi, functionName: "get", args: [keyOf(dataOf(to)), to0x(bodyHash), timeoutMs] }) }),
      call: async (to, func, key, timeoutMs) =>
        send({ to: service, data: encodeFunctionData({ abi: dataServiceAbi, functionName: "callPublic", args: [keyOf(dataOf(to)), func, to0x(utf8(key)), timeoutMs] }) }),
    },
  };
};

/** Opens an EVM chain to users and the oracle. */
export const openEvmAccess = (place: EvmPlace): ChainAccess => ({
  name: place.name,
  kind: "evm",
  head: async () => headOf(place.rpc),
  events: async (from, to) => readTransferEvents(place.rpc, place.deployment.gateway, from, to),
  effects: async (from, to) => readAssetEffects(place.rpc, place.deployment.vault, from, to),
  supply: async (peer) => supplyOf(place, peer),
  sender: (lane) => senderOf(place, lane),
});
