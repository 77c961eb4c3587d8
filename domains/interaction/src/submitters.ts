import { type Clock, CodedError, type Log } from "@crossguardian/kernel";
import { type Incoming, localServiceOf } from "./incoming.ts";
import { type Debt } from "./owed.ts";
import { ReplicaGroup, type Share } from "./replica-group.ts";
import { type Submitter } from "./submitter.ts";

/** A service module of a chain, or its plugin: the domain that puts calls into the chain, and the services it does so for. */
export type Module = { readonly name: string; readonly services: readonly string[] };

/** Who puts calls into one chain. */
export type SubmittersPlace = {
  readonly chain: string;
  readonly plugin: string;
  readonly modules: readonly Module[];
  /** Domains beside the plugin that share the pairs of its services with it. */
  readonly replicas: readonly string[];
};

/** What sharing a chain's calls out needs. */
export type SubmittersPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly hash: (bytes: Uint8Array) => Uint8Array;
  /** Entries of the chain that are not done. */
  readonly open: () => Iterable<Incoming>;
  /** Makes the submitter of a domain; it goes on with the entries that say they are in its hand. */
  readonly make: (domain: string, ids: { next: bigint }) => Submitter;
};

/** Everybody who puts calls into one chain. */
export type Submitters = {
  readonly all: readonly Submitter[];
  /** Gives an entry to the one who does it: the module of its service, or the plugin or replica that has its pair. */
  readonly take: (entry: Incoming) => void;
  /** The contract's event about an entry was observed, or it was given up for another reason. */
  readonly leave: (entry: Incoming) => void;
  /** Who of them a domain is; null: none. */
  readonly at: (domain: string) => Submitter | null;
  /** A domain came, went or was replaced. */
  readonly onPeer: (domain: string, up: boolean) => void;
  /** A domain said what became of something. */
  readonly heard: (domain: string) => void;
  readonly tick: () => void;
  readonly pump: () => void;
  readonly owes: () => readonly Debt[];
  /** How pairs are shared among plugin and replicas, and how often that changed. */
  readonly shares: () => { readonly epoch: number; readonly replicas: readonly Share[] };
};

/**
 * Shares a chain's calls out by service, so that what one module says, or does not do, concerns its own services alone; and what is the plugin's by service
 * pair among its replicas.
 * @throws interaction.config.module when two modules or replicas have one name, or two modules one service
 */
export const makeSubmitters = ({ chain, plugin, modules, replicas }: SubmittersPlace, ports: SubmittersPorts): Submitters => {
  const moduleOf = new Map<string, string>();
  for (const { name, services } of modules) {
    for (const service of services) {
      if (moduleOf.has(service)) throw new CodedError("interaction.config.module", { chain, module: name, service });
      moduleOf.set(service, name);
    }
  }
  const ids = { next: 1n };
  const byDomain = new Map<string, Submitter>();
  for (const domain of [plugin, ...replicas, ...modules.map(({ name }) => name)]) {
    if (byDomain.has(domain)) throw new CodedError("interaction.config.module", { chain, module: domain, service: "" });
    byDomain.set(domain, ports.make(domain, ids));
  }
  const sharing = [plugin, ...replicas] as const;
  const group = new ReplicaGroup(ports, chain, sharing, new Map([...byDomain].filter(([domain]) => sharing.includes(domain))));
  const ofModules = modules.flatMap(({ name }) => byDomain.get(name) ?? []);
  const all = [...byDomain.values()];

  return {
    all,
    take: (entry) => {
      const module = moduleOf.get(localServiceOf(entry));
      if (module === undefined) {
        group.take(entry);
        return;
      }
      entry.hand = module;
      byDomain.get(module)?.add(entry);
    },
    leave: (entry) => {
      byDomain.get(entry.hand)?.leave(entry);
      group.left(entry);
    },
    at: (domain) => byDomain.get(domain) ?? null,
    onPeer: (domain, up) => {
      group.onPeer(domain, up);
      byDomain.get(domain)?.pluginLost();
    },
    heard: (domain) => group.heard(domain),
    tick: () => {
      group.tick();
      for (const module of ofModules) module.tick();
    },
    pump: () => {
      for (const submitter of all) submitter.pump();
    },
    owes: () => all.flatMap((each) => each.owes()),
    shares: () => ({ epoch: group.epoch(), replicas: group.shares() }),
  };
};
