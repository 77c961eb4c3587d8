import { type ChainKindName } from "@crossguardian/kernel";

import { fabricKind } from "./fabric/fabric-kind.ts";
import { type ForeignKind } from "./foreign-chain.ts";
import { ledgerKind } from "./ledger/ledger-kind.ts";
import { utxoKind } from "./utxo/utxo-kind.ts";

const KINDS: readonly ForeignKind[] = [fabricKind, utxoKind, ledgerKind];

/** The support of a kind that is not EVM. */
export const foreignKind = (kind: ChainKindName): ForeignKind => {
  const found = KINDS.find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`no support for chains of kind ${kind}`);
  return found;
};
