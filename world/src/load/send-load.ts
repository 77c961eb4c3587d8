import { randomBytes } from "node:crypto";
import { connect } from "node:net";

import { dataServiceAbi, vaultAbi } from "@crossguardian/contracts-evm";
import { CodedError, fromHex, to0x, utf8 } from "@crossguardian/kernel";
import { sendPrivateBody } from "@crossguardian/plugin-evm";
import { encodeMessage, privateCall } from "@crossguardian/wire";
import { encodeFunctionData, type Hex } from "viem";

import { intakePath } from "../house-specs.ts";
import { type World } from "../open-world.ts";
import { gatewayPublics } from "../key-slots.ts";
import { type Draft, makeSender, type Sender } from "../sender.ts";
import { chainsOf, dataOf, peersOf, vaultOf } from "../world.ts";

/** A transfer that was sent: where, and when. */
export type Sent = { readonly chain: string; readonly kind: "asset" | "retrieval" | "failing" | "timeout"; readonly transaction: Hex; readonly sentAtMs: number };

const AMOUNT = 10n ** 18n;
const TIMEOUT_MS = 120_000n;
/** Timeout of the call that is meant to time out: its private body is never handed in. */
export const SHORT_TIMEOUT_MS = 3_000n;

/** Directed pairs of chains between gateways, alternating sides so that any prefix is half each way. */
export const routesOf = (world: World): readonly { readonly from: string; readonly to: string }[] => {
  const bySide = world.topology.gateways.map((gateway) =>
    gateway.chains.flatMap((from) => peersOf(world.topology, from).map((to) => ({ from, to }))),
  );
  const longest = Math.max(...bySide.map((side) => side.length));
  return Array.from({ length: longest }, (_, at) => bySide.flatMap((side) => side[at] ?? [])).flat();
};

/** Senders, one user account per chain and lane, nonces kept. */
export const makeSenders = (world: World, lane: number): ReadonlyMap<string, Sender> => {
  const user = world.users[lane % world.users.length];
  if (user === undefined) throw new Error("no user account");
  return new Map(
    chainsOf(world.topology).map((chain) => {
      const rpc = world.rpcs.get(chain);
      const plan = world.chains.get(chain);
      if (rpc === undefined || plan === undefined) throw new Error(`no chain ${chain}`);
      return [chain, makeSender(rpc, plan.numericId, user.privateKey)];
    }),
  );
};

/** Call that locks tokens of `from` for a receiver on `to`. */
export const lockDraft = (world: World, from: string, to: string, timeoutMs = TIMEOUT_MS): Draft => ({
  to: world.deployments.get(from)?.vault ?? "0x",
  data: encodeFunctionData({
    abi: vaultAbi,
    functionName: "lock",
    args: [to0x(world.hashes.serviceKey(vaultOf(to))), world.users[0]?.address ?? "0x", AMOUNT, timeoutMs],
  }),
  gas: 400_000n,
});

const sendOne = async (senders: ReadonlyMap<string, Sender>, chain: string, kind: Sent["kind"], draft: Draft): Promise<Sent> => {
  const sender = senders.get(chain);
  if (sender === undefined) throw new Error(`no sender on chain ${chain}`);
  const sentAtMs = Date.now();
  const [transaction] = await sender.send([draft]);
  if (transaction === undefined) throw new Error("nothing was sent");
  return { chain, kind, transaction, sentAtMs };
};

/** Sends `count` asset transfers, spread over every pair of chains between gateways, half each way. */
export const sendAssets = async (world: World, count: number, onSent: (sent: Sent) => void): Promise<void> => {
  const routes = routesOf(world);
  const byChain = new Map<string, { readonly from: string; readonly to: string }[]>();
  for (let at = 0; at < count; at += 1) {
    const route = routes[at % routes.length];
    if (route === undefined) throw new Error("no route between gateways");
    byChain.set(route.from, [...(byChain.get(route.from) ?? []), route]);
  }
  const senders = makeSenders(world, 0);
  await Promise.all(
    [...byChain].map(async ([chain, list]) => {
      for (const { from, to } of list) onSent(await sendOne(senders, chain, "asset", lockDraft(world, from, to)));
    }),
  );
};

type PrivateCall = { readonly bodyHash: Uint8Array; readonly body: Uint8Array };

const privateGet = (world: World, key: string): PrivateCall => {
  const salt = new Uint8Array(randomBytes(32));
  const args = [utf8(key)];
  const bodyHash = world.hashes.bodyHash({ func: "get", args, salt });
  return { bodyHash, body: encodeMessage(privateCall, { salt, func: "get", args }) };
};

/** Hands a private body, sealed to the source interaction domain, to the plugin's intake. @throws cli.intake.refused */
export const handInBody = async (world: World, chain: string, call: PrivateCall): Promise<void> => {
  const plan = world.chains.get(chain);
  const { boxKey } = gatewayPublics(world.crypto, world.slots, `interaction-${plan?.gateway ?? ""}`);
  const sealed = world.crypto.sealTo(boxKey, call.body);
  const code = await sendPrivateBody(connect(intakePath(world.terms, chain)), { bodyHash: call.bodyHash, sealed });
  if (code !== "") throw new CodedError("cli.intake.refused", { chain, code });
};

/** Private data retrievals: one from each chain to a chain of the other gateway. */
export const sendRetrievals = async (world: World, onSent: (sent: Sent) => void): Promise<number> => {
  const senders = makeSenders(world, 1);
  const chains = chainsOf(world.topology);
  for (const [at, chain] of chains.entries()) {
    const peers = peersOf(world.topology, chain);
    const to = peers[(at + 1) % peers.length] ?? "";
    const call = privateGet(world, at % 2 === 0 ? "weather" : "price");
    await handInBody(world, chain, call);
    const data = encodeFunctionData({
      abi: dataServiceAbi,
      functionName: "get",
      args: [to0x(world.hashes.serviceKey(dataOf(to))), to0x(call.bodyHash), TIMEOUT_MS],
    });
    onSent(await sendOne(senders, chain, "retrieval", { to: world.deployments.get(chain)?.data ?? "0x", data, gas: 400_000n }));
  }
  return chains.length;
};

/** One call that fails on the destination, and one whose private body is never given, so that it times out. */
export const sendDoomed = async (world: World, onSent: (sent: Sent) => void): Promise<void> => {
  const senders = makeSenders(world, 2);
  const [chain] = chainsOf(world.topology);
  if (chain === undefined) throw new Error("no chain");
  const [to] = peersOf(world.topology, chain);
  if (to === undefined) throw new Error("no peer chain");
  const target = to0x(world.hashes.serviceKey(dataOf(to)));
  const service = world.deployments.get(chain)?.data ?? "0x";
  const failing = encodeFunctionData({ abi: dataServiceAbi, functionName: "callPublic", args: [target, "explode", to0x(utf8("weather")), TIMEOUT_MS] });
  onSent(await sendOne(senders, chain, "failing", { to: service, data: failing, gas: 400_000n }));
  const never = privateGet(world, "weather");
  const silent = encodeFunctionData({ abi: dataServiceAbi, functionName: "get", args: [target, to0x(never.bodyHash), SHORT_TIMEOUT_MS] });
  onSent(await sendOne(senders, chain, "timeout", { to: service, data: silent, gas: 400_000n }));
};

/** Service key of a service id in hexadecimal, as events show it. */
export const keyOf = (world: World, id: string): Hex => to0x(world.hashes.serviceKey(id));

/** Bytes of a hexadecimal hash. */
export const bytesOf = (hash: Hex): Uint8Array => fromHex(hash, 32);
