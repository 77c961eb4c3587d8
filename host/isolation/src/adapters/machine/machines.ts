import { CodedError } from "@crossguardian/kernel";
import { type DomainMachine, type DomainSpec } from "../../driver.ts";
import { MACHINE_LINGER_MS } from "../../limits.ts";
import { type OciConfig } from "../../oci-config.ts";
import { type HeldDomain, type RunningMachine, type StartMachine } from "./running-machine.ts";

/** Which domain. */
export type Key = { readonly name: string; readonly instance: string };
/** Where it lives. */
export type Place = { readonly machine: RunningMachine; readonly slot: number };
/** A prepared domain. */
export type Known = {
  readonly spec: DomainSpec;
  readonly machine: DomainMachine;
  /** As it is measured; a domain that is held is started so. */
  readonly config: OciConfig;
  /** The same for a start that somebody waits for: code is compiled when it runs. */
  readonly liveConfig: OciConfig;
  /** Started in place of Node; null: Node is. */
  readonly program: Uint8Array | null;
  cpuQuotaPercent: number | null;
  place: Place | null;
  isRunning: boolean;
};

/** Whether its machine is its own. */
export const isAlone = ({ spec }: Known): boolean => spec.machine === undefined;

/** Its key in tables. */
export const keyOf = ({ name, instance }: Key): string => `${instance}/${name}`;

/** Machines and who lives in them. */
export type Machines = {
  /** The machine of a domain, booted where it does not run. @throws isolation.machine.image and what stopped the boot */
  readonly enter: (known: Known, logFd: number) => Promise<RunningMachine>;
  /** A domain is gone from its machine. */
  readonly leave: (known: Known) => Promise<void>;
};

/** The machines of a run directory. */
export const makeMachines = (startMachine: StartMachine, heldOf: (known: Known) => HeldDomain | null): Machines => {
  const machines = new Map<string, Promise<RunningMachine>>();
  const images = new Map<string, string>();
  const members = new Map<string, Set<string>>();
  const lingering = new Map<string, NodeJS.Timeout>();
  const forget = (key: string): void => {
    machines.delete(key);
    clearTimeout(lingering.get(key));
    lingering.delete(key);
  };
  return {
    enter: async (entry: Known, logFd: number): Promise<RunningMachine> => {
      const { spec, machine } = entry;
      const key = keyOf({ name: machine.name, instance: spec.instance });
      clearTimeout(lingering.get(key));
      members.set(key, (members.get(key) ?? new Set()).add(spec.name));
      const there = machines.get(key);
      if (there !== undefined) {
        if (images.get(key) !== spec.image) throw new CodedError("isolation.machine.image", { domain: spec.name, machine: machine.name });
        return there;
      }
      images.set(key, spec.image);
      const starting = startMachine({ instance: spec.instance, machine, image: spec.image, uidBase: spec.uidBase, logFd, held: heldOf(entry) });
      machines.set(key, starting);
      starting.then(({ exited }) => exited.then(() => forget(key)), () => forget(key));
      return starting;
    },
    /** The last one out: a machine of its own ends at once, a shared one after a while in which somebody may come back. */
    leave: async ({ spec, machine }: Known): Promise<void> => {
      const key = keyOf({ name: machine.name, instance: spec.instance });
      const left = members.get(key);
      left?.delete(spec.name);
      const there = machines.get(key);
      if (there === undefined || (left?.size ?? 0) > 0) return;
      const end = async (): Promise<void> => {
        forget(key);
        await there.then(({ destroy }) => destroy(), () => undefined);
      };
      if (spec.machine === undefined) await end();
      else lingering.set(key, setTimeout(() => void end().catch(() => undefined), MACHINE_LINGER_MS).unref());
    },
  };
};
