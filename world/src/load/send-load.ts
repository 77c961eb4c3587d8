import { randomBytes } from "node:crypto";
import { connect } from "node:net";

import { vaultAbi } from "@crossguardian/contracts-evm";
import { CodedError, fromHex, to0x, utf8 } from "@crossguardian/kernel";
import { sendPrivateBody } from "@crossguardian/plugin-evm";
import { encodeMessage, privateCall } from "@crossguardian/wire";
import { encodeFunctionData, type Hex } from "viem";

import { intakePath } from "../house-specs.ts";
import { paceOf } from "../isolation-plan.ts";
import { type World } from "../open-world.ts";
import { gatewayPublics } from "../key-slots.ts";
import { type Draft, makeSender, type Sender } from "../sender.ts";
import { type ChainSender } from "../kinds/chain-access.ts";
import { hasDataService, holdsForeignAssets } from "../kinds/kind-facts.ts";
import { chainsOf, dataOf, kindOf, peersOf, vaultOf } from "../world.ts";

/** A transfer that was sent: where, and when. */
export type Sent = { readonly chain: string; readonly kind: "asset" | "retrieval" | "failing" | "timeout"; readonly transaction: string; readonly sentAtMs: number };

const AMOUNT = 10n ** 18n;
const TIMEOUT_MS = 120_000n;
/** Timeout of the call that is meant to time out: its private body is never handed in. */
export const SHORT_TIMEOUT_MS = 3_000n;

/** A timeout as it is in this world. */
const paced = (world: World, timeoutMs: bigint): bigint => timeoutMs * BigInt(paceOf(world.terms.driver));

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
export const lockDraft = (world: World, from: string, to: string, timeoutMs = paced(world, TIMEOUT_MS)): Draft => ({
  to: world.deployments.get(from)?.vault ?? "0x",
  data: encodeFunctionData({
    abi: vaultAbi,
    functionName: "lock",
    args: [to0x(world.hashes.serviceKey(vaultOf(to))), world.users[0]?.address ?? "0x", AMOUNT, timeoutMs],
  }),
  gas: 400_000n,
});

/** The chain and its sender of a lane. */
const senderOn = (world: World, chain: string, lane: number): ChainSender => {
  const access = world.access.get(chain);
  if (access === undefined) throw new Error(`no way to chain ${chain}`);
  return access.sender(lane);
};

const timed = async (chain: string, kind: Sent["kind"], send: () => Promise<string>): Promise<Sent> => {
  const sentAtMs = Date.now();
  return { chain, kind, transaction: await send(), sentAtMs };
};

/**
 * Sends `count` asset transfers, spread over every pair of chains between gateways, half each way. Where a chain takes nothing
 * but its own asset, the way back to it is sent once `arrived` says that what it sends first has come.
 */
export const sendAssets = async (world: World, count: number, onSent: (sent: Sent) => void, arrived?: (sent: readonly Sent[]) => Promise<void>): Promise<void> => {
  const routes = routesOf(world);
  const all = Array.from({ length: count }, (_, at) => {
    const route = routes[at % routes.length];
    if (route === undefined) throw new Error("no route between gateways");
    return route;
  });
  const isBack = ({ to }: { readonly to: string }): boolean => !holdsForeignAssets(kindOf(world.topology, to));
  const sendRoutes = async (some: typeof all): Promise<readonly Sent[]> => {
    const sent = await Promise.all(
      chainsOf(world.topology).map(async (chain) => {
        const mine = some.filter(({ from }) => from === chain);
        if (mine.length === 0) return [];
        const sender = senderOn(world, chain, 0);
        const done: Sent[] = [];
        for (const { to } of mine) {
          const one = await timed(chain, "asset", async () => sender.asset(to, paced(world, TIMEOUT_MS)));
          done.push(one);
          onSent(one);
        }
        return done;
      }),
    );
    return sent.flat();
  };
  const first = await sendRoutes(all.filter((route) => !isBack(route)));
  const back = all.filter(isBack);
  if (back.length === 0) return;
  await arrived?.(first);
  await sendRoutes(back);
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
  const code = await sendPrivateBody(connect(intakePath(world.terms, chain, dataOf(chain))), { bodyHash: call.bodyHash, sealed });
  if (code !== "") throw new CodedError("cli.intake.refused", { chain, code });
};

/** Chains that have a data service, and the peers of one that have. */
const dataChainsOf = (world: World): readonly string[] => chainsOf(world.topology).filter((chain) => hasDataService(kindOf(world.topology, chain)));
const dataPeersOf = (world: World, chain: string): readonly string[] =>
  peersOf(world.topology, chain).filter((peer) => hasDataService(kindOf(world.topology, peer)));

const dataOn = (world: World, chain: string, lane: number): NonNullable<ChainSender["data"]> => {
  const { data } = senderOn(world, chain, lane);
  if (data === null) throw new Error(`no data service on chain ${chain}`);
  return data;
};

const retrievalChainsOf = (world: World): readonly string[] => dataChainsOf(world).filter((chain) => dataPeersOf(world, chain).length > 0);

/** Private data retrievals: one from each chain with a data service to one of the other gateway's; they ask for these keys in turn. */
export const sendRetrievals = async (world: World, onSent: (sent: Sent) => void, keys: readonly string[] = ["weather", "price"]): Promise<number> => {
  const chains = retrievalChainsOf(world);
  for (const [at, chain] of chains.entries()) {
    const peers = dataPeersOf(world, chain);
    const to = peers[(at + 1) % peers.length] ?? "";
    const call = privateGet(world, keys[at % keys.length] ?? "");
    await handInBody(world, chain, call);
    onSent(await timed(chain, "retrieval", async () => dataOn(world, chain, 1).get(to, call.bodyHash, paced(world, TIMEOUT_MS))));
  }
  return chains.length;
};

type Doomed = { readonly from: string; readonly kind: Sent["kind"]; readonly send: () => Promise<string> };

/** Calls of data services: one fails on the destination; the private body of the other is never given, so that it times out. */
const doomedCalls = (world: World): readonly Doomed[] => {
  const [from] = retrievalChainsOf(world);
  const [to] = from === undefined ? [] : dataPeersOf(world, from);
  if (from === undefined || to === undefined) return [];
  const never = privateGet(world, "weather");
  return [
    { from, kind: "failing", send: async () => dataOn(world, from, 2).call(to, "explode", "weather", paced(world, TIMEOUT_MS)) },
    { from, kind: "timeout", send: async () => dataOn(world, from, 2).get(to, never.bodyHash, paced(world, SHORT_TIMEOUT_MS)) },
  ];
};

/** Asset transfers that their destination refuses, one each way where a chain takes nothing but its own asset. */
const doomedAssets = (world: World): readonly Doomed[] => {
  const from = chainsOf(world.topology).find((chain) => !holdsForeignAssets(kindOf(world.topology, chain)));
  const [peer] = from === undefined ? [] : peersOf(world.topology, from);
  if (from === undefined || peer === undefined) return [];
  return [[from, peer] as const, [peer, from] as const].flatMap(([source, to]): readonly Doomed[] => {
    const { refusedAsset } = senderOn(world, source, 2);
    return refusedAsset === null ? [] : [{ from: source, kind: "failing", send: async () => refusedAsset(to, paced(world, TIMEOUT_MS)) }];
  });
};

/** How many transfers a demo of this world has beside its asset transfers. */
export const extraTransfersOf = (world: World): { readonly retrievals: number; readonly doomed: number } => ({
  retrievals: retrievalChainsOf(world).length,
  doomed: doomedCalls(world).length + doomedAssets(world).length,
});

/** Sends what has to be rolled back. */
export const sendDoomed = async (world: World, onSent: (sent: Sent) => void): Promise<void> => {
  for (const { from, kind, send } of [...doomedCalls(world), ...doomedAssets(world)]) onSent(await timed(from, kind, send));
};

/** Service key of a service id in hexadecimal, as events show it. */
export const keyOf = (world: World, id: string): Hex => to0x(world.hashes.serviceKey(id));

/** Bytes of a hexadecimal hash. */
export const bytesOf = (hash: Hex): Uint8Array => fromHex(hash, 32);
