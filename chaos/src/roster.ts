import { type ChainKind } from "@crossguardian/devnet";
import { evmChainsOf, type Topology } from "@crossguardian/world";

/** Kinds of processes that are killed. */
export const PROCESS_KINDS = [
  "plugin", "witness", "interaction", "relay", "switch", "network", "management", "orderer", "validator", "chain", "launcher",
] as const;
/** One of {@link PROCESS_KINDS}. */
export type ProcessKind = (typeof PROCESS_KINDS)[number];

/** One process of a world, by name. `house` is empty for a chain's node, `chain` is null where it serves no single chain. */
export type Victim = { readonly kind: ProcessKind; readonly house: string; readonly domain: string; readonly chain: string | null };

/** How a victim is named in what people read. */
export const nameOf = ({ house, domain }: Victim): string => (house === "" ? domain : `${domain}@${house}`);

const common = (house: string): readonly Victim[] => [
  ...(["switch", "network", "management"] as const).map((kind): Victim => ({ kind, house, domain: kind, chain: null })),
  { kind: "launcher", house, domain: "launcher", chain: null },
];

/** Every process of a world that may be killed. A node of anvil and a Fabric test network keep their chain in memory only: they are stopped for a while, not killed. */
export const rosterOf = (topology: Topology, chainKind: ChainKind): readonly Victim[] => [
  ...topology.gateways.flatMap(({ name: house, chains }) => [
    ...common(house),
    { kind: "interaction", house, domain: "interaction", chain: null } satisfies Victim,
    { kind: "relay", house, domain: "relay", chain: null } satisfies Victim,
    ...chains.flatMap((chain): Victim[] => [
      { kind: "plugin", house, domain: `plugin-${chain.toLowerCase()}`, chain },
      ...Array.from({ length: topology.witnesses }, (_, at): Victim => ({ kind: "witness", house, domain: `witness-${chain.toLowerCase()}-${at + 1}`, chain })),
    ]),
  ]),
  ...common("relay"),
  { kind: "orderer", house: "relay", domain: "orderer", chain: null },
  ...Array.from({ length: topology.validators }, (_, at): Victim => ({ kind: "validator", house: "relay", domain: `validator-${at + 1}`, chain: null })),
  ...(chainKind === "ganache" ? evmChainsOf(topology).map((chain): Victim => ({ kind: "chain", house: "", domain: `chain-${chain.toLowerCase()}`, chain })) : []),
];
