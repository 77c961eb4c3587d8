import { type ChainKindName } from "@crossguardian/kernel";

/** Kind of a chain by its name. */
export type KindOf = (chain: string) => ChainKindName;

/** What is true of every chain of a kind. */
type KindFacts = {
  /** Domain image of its plugin and witnesses (host/boot, image table), and the program in it. */
  readonly image: string;
  readonly entry: string;
  /** Whether assets of other chains can stand on it, as wrapped tokens. */
  readonly holdsForeignAssets: boolean;
  /** Whether it has a data service. */
  readonly hasData: boolean;
};

const FACTS: Readonly<Partial<Record<ChainKindName, KindFacts>>> = {
  evm: { image: "appchain", entry: "plugins/evm/src/main.ts", holdsForeignAssets: true, hasData: true },
  fabric: { image: "appchain-fabric", entry: "plugins/fabric/src/main.ts", holdsForeignAssets: true, hasData: true },
  utxo: { image: "appchain-utxo", entry: "plugins/utxo/src/main.ts", holdsForeignAssets: false, hasData: false },
  ledger: { image: "appchain-ledger", entry: "plugins/ledger/src/main.ts", holdsForeignAssets: false, hasData: false },
};

/** Kinds that a world can run. */
export const WORLD_KINDS: readonly ChainKindName[] = Object.keys(FACTS) as ChainKindName[]; // the keys written above

/** See {@link KindFacts}. */
export const factsOfKind = (kind: ChainKindName): KindFacts => {
  const facts = FACTS[kind];
  if (facts === undefined) throw new Error(`no support for chains of kind ${kind}`);
  return facts;
};

/** Whether assets of other chains can stand on chains of a kind. */
export const holdsForeignAssets = (kind: ChainKindName): boolean => factsOfKind(kind).holdsForeignAssets;

/** Whether chains of a kind have a data service. */
export const hasDataService = (kind: ChainKindName): boolean => factsOfKind(kind).hasData;
