import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { devAccounts, type DevAccount, startChain, startProxy } from "@crossguardian/devnet";
import { fromHex } from "@crossguardian/kernel";
import { type Hex } from "viem";

import { type Node, type Proxies } from "./node.ts";
import { makeRpc, type Rpc } from "./rpc.ts";
import { chainsOf, type ChainPlan, type DevChains, type Detours, type Topology } from "./world.ts";

/** Development chains with the proxies of their header witnesses. */
export type StartedChains = {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly proxies: Proxies;
  readonly plans: ReadonlyMap<string, ChainPlan>;
  readonly rpcs: ReadonlyMap<string, Rpc>;
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
  chainsOf(topology).indexOf(chain) * proxiesPerChain(topology) + witness;

/** Starts one chain per name and a proxy per witness. What was started is added to `undo` as it comes up. */
export const startChains = async (
  topology: Topology,
  dev: DevChains,
  options: { readonly outlive: boolean; readonly users: number; readonly detours?: Detours },
  undo: (() => Promise<void>)[],
): Promise<StartedChains> => {
  const names = chainsOf(topology);
  const perChain = proxiesPerChain(topology);
  if (dev.stateDir !== undefined) for (const name of names) mkdirSync(join(dev.stateDir, name), { recursive: true, mode: 0o700 });
  const started = await Promise.all(
    names.map(async (name, at) => {
      const node = await startChain({
        kind: dev.kind,
        chainId: FIRST_CHAIN_ID + at,
        blockTimeMs: dev.blockTimeMs,
        accounts: FIRST_USER + options.users,
        outlive: options.outlive,
        ...(dev.stateDir === undefined ? {} : { stateDir: join(dev.stateDir, name) }),
      });
      undo.push(node.stop);
      return { name, numericId: FIRST_CHAIN_ID + at, node, rpc: makeRpc(node.url) };
    }),
  );
  const upstreams = started.flatMap(({ node }) => Array.from({ length: perChain }, () => node.url));
  const proxies = await startProxy({ upstreams, outlive: options.outlive });
  undo.push(proxies.stop);
  const pluginUrls = await options.detours?.plugins(new Map(started.map(({ name, node }) => [name, node.url])));
  const plans = await Promise.all(
    started.map(async ({ name, numericId, node, rpc }, at): Promise<ChainPlan> => {
      const genesis = await rpc.call<{ readonly hash: Hex }>("eth_getBlockByNumber", ["0x0", false]);
      const pluginUrl = pluginUrls?.get(name);
      const urls = proxies.urls.slice(at * perChain, (at + 1) * perChain);
      return {
        name,
        numericId,
        gateway: topology.gateways.find((each) => each.chains.includes(name))?.name ?? "",
        url: node.url,
        ...(pluginUrl === undefined ? {} : { pluginUrl }),
        witnessUrls: urls.slice(0, topology.witnesses),
        validatorUrls: Array.from({ length: topology.validators }, (_, of) =>
          urls.slice(topology.witnesses * (1 + of), topology.witnesses * (2 + of)),
        ),
        depth: dev.depth,
        genesisHash: fromHex(genesis.hash, 32),
      };
    }),
  );
  return {
    nodes: new Map(started.map(({ name, node }) => [name, node])),
    proxies,
    plans: new Map(plans.map((plan) => [plan.name, plan])),
    rpcs: new Map(started.map(({ name, rpc }) => [name, rpc])),
  };
};
