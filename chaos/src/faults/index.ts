import { type ChainKind } from "@crossguardian/devnet";
import { CodedError } from "@crossguardian/kernel";

import { FAULT_NAMES, type FaultName } from "../schedule/step.ts";
import { chainDownPastTimeout, chainPaused, reorg } from "./chain-node.ts";
import { bothDisksWipe, bothJournalsWipe, diskFull, journalTornTail, journalWipe, logTornTail } from "./disk.ts";
import { type Fault, further } from "./fault.ts";
import { belowThreshold, freeze } from "./freeze.ts";
import { linkFault, wayOf } from "./link.ts";
import { droppedTransactions, nonceGap, nonceTaken, priceRise, stuckMempool } from "./mempool.ts";
import { rpcFault, witnessLies } from "./rpc.ts";
import { canFailSyncs, syncFails } from "./sync-fails.ts";

const SLOW_MS = 60;
const SLOWEST_MS = 300;

const FAULTS: Readonly<Record<FaultName, Fault>> = {
  freeze,
  journalWipe,
  bothJournalsWipe,
  bothDisksWipe,
  journalTornTail,
  logTornTail,
  diskFull,
  syncFails,
  reorgShallow: reorg(() => 1),
  reorgAlmostDepth: reorg(({ depth }) => depth - 1),
  stuckMempool,
  droppedTransactions,
  nonceTaken,
  nonceGap,
  priceRise,
  rpcStale: rpcFault({ kind: "stale" }),
  rpcError: rpcFault({ kind: "error" }),
  rpcEmpty: rpcFault({ kind: "empty" }),
  rpcDouble: rpcFault({ kind: "double" }),
  rpcHang: rpcFault({ kind: "hang" }),
  rpcStall: rpcFault({ kind: "stall" }),
  rpcCut: rpcFault({ kind: "cut" }),
  rpcSlow: rpcFault({ kind: "slow", delayMs: SLOWEST_MS }),
  witnessLies,
  chainPaused,
  chainDownPastTimeout,
  belowThreshold,
  relayFrames: linkFault(({ choice }) => ({ kind: "frames", doubleEvery: 2 + Math.floor(further(choice, 5) * 5), swapEvery: 3 + Math.floor(further(choice, 6) * 7) })),
  bodiesMissing: linkFault(() => ({ kind: "bodiless" })),
  linkSlow: linkFault(({ choice }) => ({ kind: "slow", delayMs: SLOW_MS + Math.floor(further(choice, 5) * (SLOWEST_MS - SLOW_MS)) })),
  linkOneWay: linkFault((order) => ({ kind: "oneWay", silent: wayOf(order) })),
  linkCut: linkFault(() => ({ kind: "cut" })),
};

/** They need methods of anvil, or a depth. */
const ANVIL_ONLY: readonly FaultName[] = ["reorgShallow", "reorgAlmostDepth", "stuckMempool", "droppedTransactions", "nonceTaken", "nonceGap", "priceRise"];

/** The fault of a name. */
export const faultOf = (name: FaultName): Fault => FAULTS[name];

/** A gateway's start is no recovery of one process, and two of them take as long as ten kills: only where it is asked for. */
const BY_NAME_ONLY: readonly FaultName[] = ["bothDisksWipe"];

/** Faults by their names, or all but those of {@link BY_NAME_ONLY} that a world on this kind of chain can have. @throws cli.argument.bad */
export const chooseFaults = (chainKind: ChainKind, only: readonly string[] | null): readonly FaultName[] => {
  const possible = faultsFor(chainKind);
  const unknown = only?.find((name) => !possible.some((each) => each === name));
  if (unknown !== undefined) throw new CodedError("cli.argument.bad", { fault: unknown.slice(0, 40), faults: possible.join(" ") });
  return possible.filter((name) => (only === null ? !BY_NAME_ONLY.includes(name) : only.includes(name)));
};

/** Faults that a world on this kind of chain can have on this machine. */
export const faultsFor = (chainKind: ChainKind): readonly FaultName[] => FAULT_NAMES.filter((name) => (chainKind === "anvil" || !ANVIL_ONLY.includes(name)) && (name !== "syncFails" || canFailSyncs()));
