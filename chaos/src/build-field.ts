import { type ChainKind, type DevProxies, startProxy } from "@crossguardian/devnet";
import { type ChainKindName } from "@crossguardian/kernel";
import { buildTemporaryWorld, DEMO_TOPOLOGY, type Detours, evmChainsOf, type Topology, withKinds } from "@crossguardian/world";
import { join } from "node:path";

import { favour } from "./favour.ts";
import { type Field } from "./field.ts";
import { LOAD_USERS } from "./load/run-load.ts";
import { mineByTurns, type Miner } from "./mine-by-turns.ts";

/** Where a run's world lies and how it is built. */
export type FieldPlaces = { readonly instance: string; readonly runRoot: string; readonly dataRoot: string; readonly stateDir: string };

/** A field and how it is taken down. */
export type BuiltField = { readonly field: Field; readonly end: () => Promise<void> };

/** Three chains: for a chain of the first gateway there are pairs that do not use it. */
export const CHAOS_TOPOLOGY: Topology = {
  ...DEMO_TOPOLOGY,
  gateways: [
    { name: "gateway-a", chains: ["A", "B"] },
    { name: "gateway-b", chains: ["C"] },
  ],
};

/**
 * Time between blocks in ms, and blocks on top of an event before it counts; reorganisations of fewer are among the faults. Ganache mines at once, so nothing
 * can be waited for on top.
 */
const PACE: Readonly<Record<ChainKind, { readonly blockTimeMs: number | null; readonly depth: number }>> = {
  anvil: { blockTimeMs: 100, depth: 3 },
  ganache: { blockTimeMs: null, depth: 0 },
};
/** Time between blocks where pauses are measured that are shorter than two usual blocks, in ms. */
export const FINE_BLOCK_TIME_MS = 60;
/** The deployer, one that is free, and the users. */
const ACCOUNTS = 2 + LOAD_USERS;
const RETRY_MS = 1_500;

const validatorNames = ({ validators }: Topology): readonly string[] => Array.from({ length: validators }, (_, at) => `validator-${at + 1}`);

/** Kinds of chains that a field can have: that of the first gateway's chains, which is evm, and that of the others'. */
export const FIELD_KINDS = ["evm", "fabric"] as const satisfies readonly ChainKindName[];

/** The detour of a URL: the same scheme on another port of this machine. */
const detourOf = (url: string, proxyUrl: string): string => `${new URL(url).protocol}//${new URL(proxyUrl).host}`;

/** Which chains a field has, and whether their blocks are made faster than usual where the chain lets it. */
export type FieldWishes = { readonly chain: ChainKind; readonly kinds: readonly ChainKindName[]; readonly isFine: boolean };

/** Builds a world of which every connection to a plugin's chain and to the orderer goes through a proxy, but for a fine one. Nothing of it stays, also when this process is killed. */
export const buildField = async ({ chain: chainKind, kinds, isFine }: FieldWishes, places: FieldPlaces, onStep: (step: string) => void): Promise<BuiltField> => {
  const topology = withKinds(CHAOS_TOPOLOGY, kinds);
  const { blockTimeMs: usualMs, depth } = PACE[chainKind];
  const blockTimeMs = isFine && usualMs !== null ? FINE_BLOCK_TIME_MS : usualMs;
  const started: DevProxies[] = [];
  let miner: Miner | null = null;
  let unfavour = (): void => undefined;
  const dataDir = join(places.dataRoot, places.instance);
  const chainDir = join(dataDir, "chains");
  const names = [...topology.gateways.map(({ name }) => name), ...validatorNames(topology)];
  const chains: string[] = [];
  const ports = (proxies: DevProxies): readonly number[] => proxies.urls.map((url) => Number(new URL(url).port));
  const stopProxies = async (): Promise<void> => {
    for (const proxies of started) await proxies.stop();
  };
  try {
    const detours: Detours = {
      plugins: async (urls) => {
        const proxies = await startProxy({ upstreams: [...urls.values()] });
        started.push(proxies);
        chains.push(...urls.keys());
        return new Map([...urls].map(([name, url], at) => [name, detourOf(url, proxies.urls[at] ?? "")]));
      },
      orderer: async (port) => {
        const proxies = await startProxy({ upstreams: names.map(() => `http://127.0.0.1:${port}`) });
        started.push(proxies);
        return new Map(names.map((name, at) => [name, ports(proxies)[at] ?? 0]));
      },
    };
    const world = await buildTemporaryWorld({
      ...places,
      topology,
      dev: { kind: chainKind, blockTimeMs: null, depth, ...(chainKind === "ganache" ? { stateDir: chainDir } : {}), ...(isFine ? { statesKept: 0 } : {}) },
      driver: "oci",
      lifeline: true,
      users: LOAD_USERS,
      tuning: { retryMs: RETRY_MS },
      onStep,
      ...(isFine ? {} : { detours }),
    });
    const urls = new Map(evmChainsOf(topology).map((name) => [name, world.chains.get(name)?.url ?? ""]));
    if (blockTimeMs !== null) miner = await mineByTurns(urls, blockTimeMs);
    if (isFine) {
      unfavour = favour([process.pid, ...[...world.nodes.values(), world.proxies].map(({ pid }) => pid).filter((pid) => pid > 0)]);
    }
    const [plugins, orderer] = started;
    const field: Field = {
      world, chainKind, chainDir, depth, miner, accounts: ACCOUNTS,
      houses: new Map(world.houses),
      nodes: new Map(world.nodes),
      pluginLinks: plugins === undefined ? null : { proxies: plugins, numberOf: (chain) => chains.indexOf(chain) },
      ordererLinks: orderer === undefined ? null : { proxies: orderer, numberOf: (name) => names.indexOf(name), names },
    };
    return {
      field,
      end: async () => {
        unfavour();
        await miner?.stop();
        for (const [name, house] of field.houses) if (world.houses.get(name) !== house) await house.stop();
        for (const [name, node] of field.nodes) if (world.nodes.get(name) !== node) await node.stop();
        await world.stop();
        await stopProxies();
      },
    };
  } catch (error) {
    unfavour();
    await miner?.stop();
    await stopProxies();
    throw error;
  }
};
