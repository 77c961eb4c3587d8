import { tokenAbi, vaultAbi } from "@crossguardian/contracts-evm";
import { fromHex } from "@crossguardian/kernel";
import { verifyEvmEvents } from "@crossguardian/proof";
import { makeHeaderQuorum, makeLedger } from "@crossguardian/protocol";
import { connectOrderer, keyOf, makeSender, vaultOf, type World } from "@crossguardian/world";
import { decodeFunctionResult, encodeFunctionData, type Hex, toHex } from "viem";

import { type Evidence, FORGERIES, forgeBatch, type ForgedMint, forgedExecution, forgeMint, type Forgery } from "../gateway/forge.ts";
import { type GatewayProbe } from "../probe.ts";

const [SOURCE, DESTINATION, GATEWAY] = ["A", "C", "gateway-a"];
const AMOUNT = 10n ** 20n;
const ATTESTED = [1, 2, 3];
const THIEF_LANE = 1;
const GAS = 2_000_000n;
const DEPTH_BLOCKS = 3n;
const ANSWER_MS = 20_000;
/** A header witness that may lie. */
const LIAR = "1";

const made = { index: 0n, thief: 0x1000 };

/** A mint of an index and for an account that were not used yet. */
const freshMint = (world: World, change: Partial<{ readonly index: bigint; readonly amount: bigint }> = {}): ForgedMint & { readonly receiver: Hex; readonly amount: bigint } => {
  made.index += 1n;
  made.thief += 1;
  const receiver: Hex = `0x${made.thief.toString(16).padStart(40, "0")}`;
  const { index = made.index, amount = AMOUNT } = change;
  return { ...forgeMint(world, SOURCE, DESTINATION, { index, receiver, amount }), receiver, amount };
};

const read = async (world: World, to: Hex, data: Hex): Promise<Hex> => (await world.rpcs.get(DESTINATION)?.call<Hex>("eth_call", [{ to, data }, "latest"])) ?? "0x";

/** Canary: what an account got on the destination chain. */
const balanceOf = async (world: World, owner: Hex): Promise<bigint> => {
  const wrapped = encodeFunctionData({ abi: vaultAbi, functionName: "wrapped", args: [keyOf(world, vaultOf(SOURCE))] });
  const token = decodeFunctionResult({ abi: vaultAbi, functionName: "wrapped", data: await read(world, world.deployments.get(DESTINATION)?.vault ?? "0x", wrapped) });
  if (/^0x0*$/u.test(token)) return 0n;
  const asked = encodeFunctionData({ abi: tokenAbi, functionName: "balanceOf", args: [owner] });
  return decodeFunctionResult({ abi: tokenAbi, functionName: "balanceOf", data: await read(world, token, asked) });
};

/** Sends the execution of a relay block that t validators have signed. */
const execute = async (world: World, mint: ForgedMint): Promise<void> => {
  const rpc = world.rpcs.get(DESTINATION);
  const user = world.users[THIEF_LANE];
  if (rpc === undefined || user === undefined) throw new Error("no chain");
  const sender = makeSender(rpc, world.chains.get(DESTINATION)?.numericId ?? 0, user.privateKey);
  await sender.run([{ to: world.deployments.get(DESTINATION)?.gateway ?? "0x", data: forgedExecution(world, mint, ATTESTED), gas: GAS }]).catch(() => undefined); // refused; the balance tells
};

/** What the interaction domain makes of evidence: proof by rules of the chain, header by what two of three witnesses report. */
const isProven = async (world: World, { height, evidence, place }: Evidence, isWitnessed: boolean): Promise<boolean> => {
  const block = await world.rpcs.get(SOURCE)?.call<{ readonly hash: Hex; readonly parentHash: Hex }>("eth_getBlockByNumber", [toHex(height), false]);
  const quorum = makeHeaderQuorum(SOURCE, { n: 3, k: 2 });
  if (block !== undefined) for (const witness of [LIAR, "2"]) quorum.report(witness, [{ height, hash: fromHex(block.hash), parentHash: fromHex(block.parentHash) }]);
  const proven = verifyEvmEvents({ keccak256: world.hashes.keccak256 }, evidence, [place]);
  if (isWitnessed && proven.ok && block !== undefined) {
    const untrue = [{ height, hash: proven.value.blockHash, parentHash: fromHex(block.parentHash) }];
    for (let times = 0; times < 2; times += 1) quorum.report(LIAR, untrue);
  }
  const agreed = quorum.at(height);
  return proven.ok && agreed !== null && Buffer.compare(proven.value.blockHash, agreed.hash) === 0;
};

/** What the validators make of it: the batch is signed with the gateway's own key, and they ask header endpoints of theirs. */
const isOrdered = async (world: World, mint: ForgedMint, evidence: Evidence): Promise<boolean> => {
  const client = await connectOrderer(world.terms.ordererPort, 1, GATEWAY);
  try {
    client.send("publish", forgeBatch(world, mint, GATEWAY, evidence));
    const { refused } = await client.next("publishAck", ANSWER_MS);
    return refused.length === 0;
  } finally {
    client.close();
  }
};

const forged = (world: World, { name, says, index, isWitnessed = false, make }: Forgery): GatewayProbe => ({
  id: `protocol.forged-${name}`,
  group: "protocol",
  threat: "have an event believed that never was",
  says,
  layers: ["proof", "relay"],
  succeeds: async (layers) => {
    const mint = freshMint(world, index === undefined ? {} : { index });
    const head = BigInt((await world.rpcs.get(SOURCE)?.call<Hex>("eth_blockNumber", [])) ?? "0x0");
    const evidence = await make(world, mint, head - DEPTH_BLOCKS);
    if (layers.has("proof") && !(await isProven(world, evidence, isWitnessed))) return false;
    if (layers.has("relay") && !(await isOrdered(world, mint, evidence))) return false;
    // Nobody was in the way: the validators sign, the contract executes, and the thief has it.
    await execute(world, mint);
    return (await balanceOf(world, mint.receiver)) === mint.amount;
  },
});

/** Whether the second request is ordered after the first: what every validator holds of a transfer. */
const isOrderedTwice = (first: ForgedMint, second: ForgedMint): boolean => {
  const ledger = makeLedger();
  ledger.apply(first.facts, 0n);
  const judged = ledger.judge(second.facts);
  return judged.ok && judged.value === "take";
};

const again = (world: World, name: string, says: string, second: (first: ReturnType<typeof freshMint>) => ForgedMint & { readonly amount: bigint }): GatewayProbe => ({
  id: `protocol.${name}`,
  group: "protocol",
  threat: "have a transfer executed again",
  says,
  layers: ["relay", "contract"],
  succeeds: async (layers) => {
    const first = freshMint(world);
    const other = second(first);
    if (layers.has("relay") && !isOrderedTwice(first, other)) return false;
    if (!layers.has("contract")) return true; // a destination without memory executes what it is told
    await execute(world, first);
    if ((await balanceOf(world, first.receiver)) !== first.amount) throw new Error("the first was not executed");
    await execute(world, other);
    return (await balanceOf(world, first.receiver)) !== first.amount;
  },
});

/** Attacks with transfers on a running relay chain and contract: the lab holds every key, also those an attacker cannot have. */
export const transferProbes = (world: World): readonly GatewayProbe[] => [
  ...FORGERIES.map((forgery) => forged(world, forgery)),
  again(world, "replay", "have a relay block executed a second time", (first) => first),
  again(world, "sameIdOtherBody", "have another body executed under the id of a transfer", (first) => ({
    ...forgeMint(world, SOURCE, DESTINATION, { index: first.facts.index, receiver: first.receiver, amount: 7n * first.amount }), amount: 7n * first.amount,
  })),
];
