import { type ChainKind } from "@crossguardian/devnet";

import { FAULT_NAMES, type FaultName } from "../schedule/step.ts";
import { type Fault } from "./fault.ts";

const FAULTS: Readonly<Partial<Record<FaultName, Fault>>> = {};

/** The fault of a name. */
export const faultOf = (name: FaultName): Fault => {
  const fault = FAULTS[name];
  if (fault === undefined) throw new Error(`no fault ${name}`);
  return fault;
};

/** Faults that a world on this kind of chain can have. */
export const faultsFor = (_chainKind: ChainKind): readonly FaultName[] => FAULT_NAMES.filter((name) => FAULTS[name] !== undefined);
