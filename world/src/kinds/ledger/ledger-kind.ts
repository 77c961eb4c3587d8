import { type ForeignKind } from "../foreign-chain.ts";
import { openLedger } from "./open-ledger.ts";
import { startLedgerWorld } from "./start-ledger-world.ts";

/** Plain ledgers, on a development ledger in memory: what a plugin of another author can be run against from one end to the other. */
export const ledgerKind: ForeignKind = { kind: "ledger", start: startLedgerWorld, open: openLedger };
