import { gatewayAbi, tokenAbi } from "@crossguardian/contracts-evm";
import { fromHex } from "@crossguardian/kernel";
import { makeLedger } from "@crossguardian/protocol";
import { ENTRY_KIND, type EntryFacts, TX_STATUS } from "@crossguardian/wire";
import { awaitThese, keyOf, makeSender, vaultOf, type World } from "@crossguardian/world";
import { decodeFunctionResult, encodeFunctionData, type Hex } from "viem";

import { forgedSettlement } from "../gateway/forge.ts";
import { type GatewayProbe } from "../probe.ts";

// A pair that no forged mint uses.
const [SOURCE, DESTINATION] = ["B", "C"];
const USER_LANE = 2;
const TIMEOUT_MS = 600_000n;
const SETTLE_MS = 60_000;
const ATTESTED = [1, 2, 3];
const GAS = 2_000_000n;

const read = async (world: World, to: Hex, data: Hex): Promise<Hex> => (await world.rpcs.get(SOURCE)?.call<Hex>("eth_call", [{ to, data }, "latest"])) ?? "0x";

const contractsOf = (world: World): NonNullable<ReturnType<World["deployments"]["get"]>> => {
  const deployment = world.deployments.get(SOURCE);
  if (deployment === undefined) throw new Error("no contracts");
  return deployment;
};

const userOf = (world: World): World["users"][number] => {
  const user = world.users[USER_LANE];
  if (user === undefined) throw new Error("no user");
  return user;
};

const balanceOf = async (world: World): Promise<bigint> => {
  const data = encodeFunctionData({ abi: tokenAbi, functionName: "balanceOf", args: [userOf(world).address] });
  return decodeFunctionResult({ abi: tokenAbi, functionName: "balanceOf", data: await read(world, contractsOf(world).token, data) });
};

/** A true transfer, locked, executed and committed by the running gateways; its request as the relay chain knows it. */
const committed = async (world: World): Promise<EntryFacts> => {
  const sender = world.access.get(SOURCE)?.sender(USER_LANE);
  if (sender === undefined) throw new Error("no sender");
  const sent = { chain: SOURCE, kind: "asset", transaction: await sender.asset(DESTINATION, TIMEOUT_MS), sentAtMs: Date.now() } as const;
  await awaitThese(world, [sent], SETTLE_MS);
  const [from, to] = [vaultOf(SOURCE), vaultOf(DESTINATION)];
  const pair = [keyOf(world, from), keyOf(world, to)] as const;
  const { gateway } = contractsOf(world);
  const index = decodeFunctionResult({ abi: gatewayAbi, functionName: "outIndex", data: await read(world, gateway, encodeFunctionData({ abi: gatewayAbi, functionName: "outIndex", args: pair })) });
  const state = encodeFunctionData({ abi: gatewayAbi, functionName: "requestState", args: [...pair, index] });
  const [requestHash] = decodeFunctionResult({ abi: gatewayAbi, functionName: "requestState", data: await read(world, gateway, state) });
  return { kind: ENTRY_KIND.request, from, to, index, requestHash: fromHex(requestHash), status: 0, resultHash: new Uint8Array(32) };
};

/** Where no contract is asked, one request is like another. */
const ANY: EntryFacts = { kind: ENTRY_KIND.request, from: vaultOf(SOURCE), to: vaultOf(DESTINATION), index: 1n, requestHash: new Uint8Array(32).fill(3), status: 0, resultHash: new Uint8Array(32) };

/** Whether the relay chain orders a second receipt after the first. */
const isOrderedAfter = (request: EntryFacts, second: EntryFacts): boolean => {
  const ledger = makeLedger();
  ledger.apply(request, 0n);
  ledger.apply({ ...request, kind: ENTRY_KIND.receipt, status: TX_STATUS.success }, 0n);
  const judged = ledger.judge(second);
  return judged.ok && judged.value === "take";
};

const settle = async (world: World, receipt: EntryFacts): Promise<void> => {
  const rpc = world.rpcs.get(SOURCE);
  const [submitter] = world.users; // anybody may
  if (rpc === undefined || submitter === undefined) throw new Error("no chain");
  const sender = makeSender(rpc, world.chains.get(SOURCE)?.numericId ?? 0, submitter.privateKey);
  await sender.run([{ to: contractsOf(world).gateway, data: forgedSettlement(world, SOURCE, receipt, ATTESTED), gas: GAS }]).catch(() => undefined); // refused; the balance tells
};

const ENDS: Readonly<Record<string, readonly [says: string, status: EntryFacts["status"]]>> = {
  failure: ["have a committed transfer's coins back by a receipt that says it failed", TX_STATUS.failure],
  rollback: ["have a committed transfer's coins back by a receipt that says it was rolled back", TX_STATUS.rollback],
};

/** Commit and rollback of one transfer: the lab holds every validator's key, so the second receipt is attested too. */
export const settlementProbes = (world: World): readonly GatewayProbe[] =>
  Object.entries(ENDS).map(([name, [says, status]]) => ({
    id: `protocol.commitAnd-${name}`,
    group: "protocol",
    threat: "have a transfer both committed and rolled back",
    says,
    layers: ["relay", "contract"],
    succeeds: async (layers) => {
      const request = layers.has("contract") ? await committed(world) : ANY;
      const receipt: EntryFacts = { ...request, kind: ENTRY_KIND.receipt, status, resultHash: world.hashes.keccak256(new Uint8Array(0)) };
      if (layers.has("relay") && !isOrderedAfter(request, receipt)) return false;
      if (!layers.has("contract")) return true; // a source without memory gives back what it is told to
      const before = await balanceOf(world);
      await settle(world, receipt);
      return (await balanceOf(world)) !== before;
    },
  }));
