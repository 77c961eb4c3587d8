import { gatewayAbi, tokenAbi, vaultAbi } from "@crossguardian/contracts-evm";
import { to0x } from "@crossguardian/kernel";
import { type Draft, governedDraft, keyOf, makeSender, type Rpc, type Sender, vaultOf, type World } from "@crossguardian/world";
import { type Abi, decodeFunctionResult, encodeFunctionData, type Hex } from "viem";

/** Endpoint of a chain. */
export const rpcOf = (world: World, chain: string): Rpc => {
  const rpc = world.rpcs.get(chain);
  if (rpc === undefined) throw new Error(`no chain ${chain}`);
  return rpc;
};

/** Addresses of a chain's contracts. */
export const contractsOf = (world: World, chain: string): NonNullable<ReturnType<World["deployments"]["get"]>> => {
  const deployment = world.deployments.get(chain);
  if (deployment === undefined) throw new Error(`no contracts on chain ${chain}`);
  return deployment;
};

const numericIdOf = (world: World, chain: string): number => world.chains.get(chain)?.numericId ?? 0;

/** A user's account on a chain; each lane is an account of its own. */
export const userOn = (world: World, chain: string, lane = 0): Sender => {
  const user = world.users[lane];
  if (user === undefined) throw new Error(`no user ${lane}`);
  return makeSender(rpcOf(world, chain), numericIdOf(world, chain), user.privateKey);
};

/** Reads a contract without sending anything. */
export const readContract = async (world: World, chain: string, to: Hex, abi: Abi, functionName: string, args: readonly unknown[] = []): Promise<unknown> => {
  const data = encodeFunctionData({ abi, functionName, args: [...args] });
  const answer = await rpcOf(world, chain).call<Hex>("eth_call", [{ to, data }, "latest"]);
  return decodeFunctionResult({ abi, functionName, data: answer });
};

/** Home tokens of an account. */
export const homeBalance = async (world: World, chain: string, owner: Hex): Promise<bigint> =>
  (await readContract(world, chain, contractsOf(world, chain).token, tokenAbi, "balanceOf", [owner])) as bigint;

/** Tokens of `home` that an account holds on `chain`. */
export const wrappedBalance = async (world: World, chain: string, home: string, owner: Hex): Promise<bigint> => {
  const token = (await readContract(world, chain, contractsOf(world, chain).vault, vaultAbi, "wrapped", [keyOf(world, vaultOf(home))])) as Hex;
  return (await readContract(world, chain, token, tokenAbi, "balanceOf", [owner])) as bigint;
};

/** Call that locks home tokens of `from` for a receiver on `to`. */
export const lockCall = (world: World, from: string, to: string, what: { readonly receiver: Hex; readonly amount: bigint; readonly timeoutMs: bigint }): Draft => ({
  to: contractsOf(world, from).vault,
  data: encodeFunctionData({ abi: vaultAbi, functionName: "lock", args: [keyOf(world, vaultOf(to)), what.receiver, what.amount, what.timeoutMs] }),
  gas: 400_000n,
});

/** Call that burns tokens of `to` held on `from` and has the home tokens released there. */
export const burnCall = (world: World, from: string, to: string, what: { readonly receiver: Hex; readonly amount: bigint; readonly timeoutMs: bigint }): Draft => ({
  to: contractsOf(world, from).vault,
  data: encodeFunctionData({ abi: vaultAbi, functionName: "burn", args: [keyOf(world, vaultOf(to)), what.receiver, what.amount, what.timeoutMs] }),
  gas: 400_000n,
});

/** Stops request and execute on a chain, with the pause key. */
export const pauseGateway = async (world: World, chain: string): Promise<void> => {
  if (world.pauseKey === null) throw new Error("no pause key");
  const pauser = makeSender(rpcOf(world, chain), numericIdOf(world, chain), to0x(world.pauseKey));
  await userOn(world, chain, 2).run([{ to: pauser.address, data: "0x", value: 10n ** 18n, gas: 100_000n }]);
  await pauser.run([{ to: contractsOf(world, chain).gateway, data: encodeFunctionData({ abi: gatewayAbi, functionName: "pause" }), gas: 200_000n }]);
};

/** Calls of a gateway contract on itself, signed by governance. */
export const runGoverned = async (world: World, chain: string, calls: readonly Hex[]): Promise<void> => {
  const { gateway } = contractsOf(world, chain);
  const nonce = (await readContract(world, chain, gateway, gatewayAbi, "governanceNonce")) as bigint;
  await userOn(world, chain, 2).run([governedDraft(world.crypto, gateway, numericIdOf(world, chain), nonce, calls, world.governorKeys.slice(0, 2))]);
};
