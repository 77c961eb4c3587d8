import { dataServiceAbi, vaultAbi } from "@crossguardian/contracts-evm";
import { to0x, utf8 } from "@crossguardian/kernel";
import { type RawCall } from "@crossguardian/world";
import { encodeFunctionData, type Hex } from "viem";

const LOCK_GAS = 300_000n;
const ASK_GAS = 300_000n;
const URGENT = 2;
/** What data services of development worlds hold. */
const KEY = "weather";

/** The call that begins an asset transfer. */
export const lockCall = (vault: Hex, toKey: Uint8Array, receiver: Hex, amount: bigint, timeoutMs: bigint): RawCall => ({
  to: vault,
  data: encodeFunctionData({ abi: vaultAbi, functionName: "lock", args: [to0x(toKey), receiver, amount, timeoutMs] }),
  gas: LOCK_GAS,
});

/** The call that asks another chain's data service, urgently. */
export const urgentCall = (data: Hex, toKey: Uint8Array, timeoutMs: bigint): RawCall => ({
  to: data,
  data: encodeFunctionData({ abi: dataServiceAbi, functionName: "getPublicAs", args: [to0x(toKey), to0x(utf8(KEY)), timeoutMs, URGENT] }),
  gas: ASK_GAS,
});
