import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { devAccounts, type DevAccount, startChain, startProxy } from "@crossguardian/devnet";
import { fromHex } from "@crossguardian/kernel";
import { type Hex } from "viem";

import { type Node, type Proxies } from "./node.ts";
import { makeRpc, type Rpc } from "./rpc.ts";
import { type ForeignOrder, type StartedForeign } from "./kinds/foreign-chain.ts";
import { foreignKind } from "./kinds/foreign-kinds.ts";
import { chainsOf, type ChainPlan, type Detours, evmChainsOf, kindOf, type Topology } from "./world.ts";

/** Development chains with the proxies of their header witnesses. */
export type StartedChains = {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly proxies: Proxies;
  readonly plans: ReadonlyMap<string, ChainPlan>;
  /** Of EVM chains. */
  readonly rpcs: ReadonlyMap<string, Rpc>;
  /** Chains of other kinds, still to be deployed to. */
  readonly foreign: readonly StartedForeign[];
};

/** Accounts of a development world: the first deploys, the second is kept free, the rest are users. */
export const FIRST_USER = 2;
const FIRST_CHAIN_ID = 31_337;

/** Users of a development world. */
export const devUsers = (count: number): readonly DevAccount[] => devAccounts(FIRST_USER + count).slice(FIRST_USER);

/** Proxies of one chain: one per witness of the gateway, then as many for each validator. */
const proxiesPerChain = ({ witnesses, validators }: Topology): number => witnesses * (1 + validators);

/** Number of the proxy of a chain's witness: the gateway's witnesses first, then the first validator's, the second's and so on. */
export const proxyNumber = (topology: Topology, chain: string, witness: number): number =>
  evmChainsOf(topology).indexOf(chain) * proxiesPerChain(topology) + witness;

const startForeign = async (
  topology: Topology,
  order: Omit<ForeignOrder, "name" | "folder" | "topology">,
  dataDir: string,
  undo: (() => Promise<void>)[],
): Promise<readonly StartedForeign[]> =>
  Promise.all(
    chainsOf(topology)
      .filter((name) => kindOf(topology, name) !== "evm")
      .map(async (name) => {
        const folder = join(dataDir, "chains", name);
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        const started = await foreignKind(kindOf(topology, name)).start({ ...order, topology, name, folder });
        undo.push(started.node.stop);
        return started;
      }),
  );

/** EVM chain id of a development chain. */
export const developmentChainId = (topology: Topology, chain: string): number => FIRST_CHAIN_ID + chainsOf(topology).indexOf(chain);

/** Starts one chain per name, and a proxy per witness of an EVM chain. What was started is added to `undo` as it comes up. */
export const startChains = async (
  topology: Topology,
  order: Omit<ForeignOrder, "name" | "folder" | "topology">,
  options: { readonly dataDir: string; readonly detours?: Detours },
  undo: (() => Promise<void>)[],
): Promise<StartedChains> => {
  const { dev, outlive } = order;
  const names = evmChainsOf(topology);
  const perChain = proxiesPerChain(topology);
  if (dev.stateDir !== undefined) for (const name of names) mkdirSync(join(dev.stateDir, name), { recursive: true, mode: 0o700 });
  const startingForeign = startForeign(topology, order, options.dataDir, undo);
  startingForeign.catch(() => undefined);
  const started = await Promise.all(
    names.map(async (name) => {
      const numericId = developmentChainId(topology, name);
      const node = await startChain({
        kind: dev.kind,
        chainId: numericId,
        blockTimeMs: dev.blockTimeMs,
        accounts: FIRST_USER + order.users.length,
        outlive,
        ...(dev.stateDir === undefined ? {} : { stateDir: join(dev.stateDir, name) }),
        ...(dev.statesKept === undefined ? {} : { statesKept: dev.statesKept }),
      });
      undo.push(node.stop);
      return { name, numericId, node, rpc: makeRpc(node.url) };
    }),
  );
  const upstreams = started.flatMap(({ node }) => Array.from({ length: perChain }, () => node.url));
  const proxies = await startProxy({ upstreams, outlive });
  undo.push(proxies.stop);
  const foreign = await startingForeign;
  const urls = [...started.map(({ name, node }) => [name, node.url] as const), ...foreign.map(({ plan }) => [plan.name, plan.url] as const)];
  const pluginUrls = await options.detours?.plugins(new Map(urls));
  const plans = await Promise.all(
    started.map(async ({ name, numericId, node, rpc }, at): Promise<ChainPlan> => {
      const genesis = await rpc.call<{ readonly hash: Hex }>("eth_getBlockByNumber", ["0x0", false]);
      const pluginUrl = pluginUrls?.get(name);
      const witnessUrls = proxies.urls.slice(at * perChain, (at + 1) * perChain);
      return {
        name,
        numericId,
        gateway: topology.gateways.find((each) => each.chains.includes(name))?.name ?? "",
        url: node.url,
        ...(pluginUrl === undefined ? {} : { pluginUrl }),
        witnessUrls: witnessUrls.slice(0, topology.witnesses),
        validatorUrls: Array.from({ length: topology.validators }, (_, of) =>
          witnessUrls.slice(topology.witnesses * (1 + of), topology.witnesses * (2 + of)),
        ),
        depth: dev.depth,
        genesisHash: fromHex(genesis.hash, 32),
      };
    }),
  );
  const foreignPlans = foreign.map(({ plan }): ChainPlan => {
    const pluginUrl = pluginUrls?.get(plan.name);
    return pluginUrl === undefined ? plan : { ...plan, pluginUrl };
  });
  const all = new Map([...plans, ...foreignPlans].map((plan) => [plan.name, plan]));
  return {
    nodes: new Map<string, Node>([...started.map(({ name, node }) => [name, node] as const), ...foreign.map(({ plan, node }) => [plan.name, node] as const)]),
    proxies,
    plans: new Map(chainsOf(topology).flatMap((name) => all.get(name) ?? []).map((plan) => [plan.name, plan])),
    foreign,
    rpcs: new Map(started.map(({ name, rpc }) => [name, rpc])),
  };
};
