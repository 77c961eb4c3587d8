import { type Isolation } from "@crossguardian/isolation";
import { type Cancel, CodedError } from "@crossguardian/kernel";
import { type Admissions } from "./admissions.ts";
import { type HousePowers } from "./house-powers.ts";
import { type DomainEntry, type HouseSpec, isHostProcess, isolationOf, roleOf } from "./house-spec.ts";

/** Share of the usual cpu weight of a domain that starts while another does its work, in percent. */
export const ASIDE_WEIGHT_PERCENT = 10;
/** It has its usual weight after this time, admitted or not, in ms. */
export const ASIDE_LONGEST_MS = 4_000;
/** So many other witnesses of the chain must be at work: two are the fewest that make a quorum. */
const FEWEST_OTHER_WITNESSES = 2;
const USUAL_WEIGHT_PERCENT = 100;
/** A machine has its weight from outside, and `none` has no control groups. */
const WEIGHED: ReadonlySet<Isolation> = new Set(["oci", "gvisor"]);

/** Starts of domains that nobody waits for: they leave the processors to those who work. */
export type StartsAside = {
  /** Between making a domain ready and starting it. */
  readonly begin: (entry: DomainEntry) => Promise<void>;
  /** It was admitted, or has ended. */
  readonly end: (name: string) => void;
  /** This one does its work no more: whoever of its kind starts meanwhile is waited for now. */
  readonly hurryOthersOf: (entry: DomainEntry) => void;
};

type Parts = {
  readonly spec: Pick<HouseSpec, "domains" | "driver" | "instance">;
  readonly powers: Pick<HousePowers, "driverOf" | "clock" | "record">;
  readonly isAdmitted: Admissions["isAdmitted"];
  /** It is let in, and its role's traffic goes to it. */
  readonly isActive: (port: number) => boolean;
};

const isFellow = (one: DomainEntry, other: DomainEntry): boolean => one.name !== other.name && one.kind === other.kind && one.chain === other.chain;

/** Whether a domain's work is done while it starts: by the other instance of its role, or by the other witnesses of its chain, all of them. */
const isDoneMeanwhile = ({ spec, isAdmitted, isActive }: Parts, entry: DomainEntry): boolean => {
  const others = spec.domains.filter((each) => isFellow(entry, each));
  if (others.some((each) => roleOf(spec, each) === roleOf(spec, entry) && isAdmitted(each.name) && isActive(each.port))) return true;
  return entry.kind === "witness" && others.length >= FEWEST_OTHER_WITNESSES && others.every(({ name }) => isAdmitted(name));
};

/** Weighs starts. A weight that can not be set is told and left as it is: it is no bound anybody relies on. */
export const makeStartsAside = (parts: Parts): StartsAside => {
  const { spec, powers: { driverOf, clock, record } } = parts;
  const aside = new Map<string, { readonly entry: DomainEntry; readonly cancel: Cancel }>();

  const weigh = async (entry: DomainEntry, cpuWeightPercent: number): Promise<void> => {
    const { name } = entry;
    try {
      await driverOf(isolationOf(spec, entry)).setResources({ name, instance: spec.instance }, { cpuWeightPercent });
    } catch (error) {
      // Its groups may be gone with it.
      if (error instanceof CodedError && error.code !== "isolation.domain.unknown") record("domain.weightFailed", { name, why: error.code });
      else if (!(error instanceof CodedError)) throw error;
    }
  };
  const end = (name: string): void => {
    const started = aside.get(name);
    if (started === undefined) return;
    aside.delete(name);
    started.cancel();
    void weigh(started.entry, USUAL_WEIGHT_PERCENT);
  };
  return {
    begin: async (entry) => {
      if (isHostProcess(entry) || !WEIGHED.has(isolationOf(spec, entry)) || !isDoneMeanwhile(parts, entry)) return;
      aside.set(entry.name, { entry, cancel: clock.after(ASIDE_LONGEST_MS, () => end(entry.name)) });
      await weigh(entry, ASIDE_WEIGHT_PERCENT);
    },
    end,
    hurryOthersOf: (entry) => {
      for (const [name, started] of [...aside]) if (isFellow(entry, started.entry)) end(name);
    },
  };
};
