import { vaultAbi } from "@crossguardian/contracts-evm";
import { to0x } from "@crossguardian/kernel";
import { type RawCall } from "@crossguardian/world";
import { encodeFunctionData, type Hex } from "viem";

const LOCK_GAS = 300_000n;

/** The call that begins an asset transfer. */
export const lockCall = (vault: Hex, toKey: Uint8Array, receiver: Hex, amount: bigint, timeoutMs: bigint): RawCall => ({
  to: vault,
  data: encodeFunctionData({ abi: vaultAbi, functionName: "lock", args: [to0x(toKey), receiver, amount, timeoutMs] }),
  gas: LOCK_GAS,
});
