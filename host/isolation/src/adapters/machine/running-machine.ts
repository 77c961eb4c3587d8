import { type Socket } from "node:net";
import { type DomainExit, type DomainMachine, type DomainStats } from "../../driver.ts";
import { type GuestLine } from "../../machine/guest-lines.ts";
import { type Wake } from "../../machine/guest-scripts.ts";
import { type GuestLink } from "./guest-link.ts";

/** A domain that is started before its guest has a secret, waits, and goes on when it has one. */
export type HeldDomain = {
  readonly name: string;
  /** @param channel its channel as an address of socat */
  readonly startScript: (channel: string) => string;
  /** What it gets then. */
  readonly wake: () => NonNullable<Wake["held"]>;
};

/** What can be done to a machine from outside, without its guest. */
export type WholeMachine = {
  readonly setFrozen: (frozen: boolean) => Promise<void>;
  /** Percent of one core, null lifts it. */
  readonly setQuota: (percent: number | null) => Promise<void>;
  /** Null where the memory of a running machine stays as it is. */
  readonly setMemory: ((bytes: number) => Promise<void>) | null;
  readonly stats: () => Promise<DomainStats>;
};

/** A machine that answered. */
export type RunningMachine = {
  readonly pid: number;
  readonly exited: Promise<DomainExit>;
  readonly link: GuestLink;
  /** The end of the domain that was started with it, at slot 0; null: none was. */
  readonly held: Promise<GuestLine> | null;
  readonly whole: WholeMachine;
  /** A free place for a domain, and its channel as an address of socat in the guest; null where all are taken. */
  readonly takeSlot: () => { readonly slot: number; readonly channel: string } | null;
  readonly freeSlot: (slot: number) => void;
  /** The other end of a place's channel; nothing was read from it. @throws isolation.start.failed */
  readonly connect: (slot: number) => Promise<Socket>;
  /** Has what its next start goes on from made now; null: there is no such thing. @throws isolation.* */
  readonly keep: (() => Promise<void>) | null;
  /** Ends it and removes what it left, but for its disk. */
  readonly destroy: () => Promise<void>;
};

/** What a machine is made of. */
export type MachineInput = {
  readonly instance: string;
  readonly machine: DomainMachine;
  readonly image: string;
  readonly uidBase: number;
  readonly logFd: number;
  /** Domain that may be started before its guest has a secret; null: none. */
  readonly held: HeldDomain | null;
};

/** Starts machines of one kind. */
export type StartMachine = (input: MachineInput) => Promise<RunningMachine>;
