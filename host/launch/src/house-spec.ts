import { type DomainLimits, type Isolation } from "@crossguardian/isolation";

/** What a domain is to the switch's flow policy. */
export const DOMAIN_KINDS = [
  "plugin", "module", "witness", "interaction", "relay", "management", "network", "orderer", "validator", "signer",
] as const;
/** See {@link DOMAIN_KINDS}. */
export type DomainKind = (typeof DOMAIN_KINDS)[number];

/** One domain of a house. */
export type DomainEntry = {
  /** `[a-z0-9-]{1,40}`. */
  readonly name: string;
  readonly kind: DomainKind;
  /** Chain the domain belongs to, for flows between domains of one chain; null for the others. */
  readonly chain: string | null;
  /** Domain in whose place this one is put when that one fails; null: it is nobody's standby. */
  readonly standbyOf: string | null;
  /** 0 management, 1..254 the others. */
  readonly port: number;
  /** Image of the integrity manifest. */
  readonly image: string;
  /** Program relative to the image. */
  readonly entry: string;
  /** What it is, for people. */
  readonly role: string;
  /** Encoded configuration, base64. */
  readonly config: string;
  /** Has a writable folder that outlives it. */
  readonly volume: boolean;
  /** Host file of 32 bytes with the root key, or null. */
  readonly keySlot: string | null;
  /** Days a root key is used at most, by the domain's security profile; no limit where it is left out. */
  readonly keyLifetimeDays?: number;
  readonly network: "none" | "host";
  /** How this domain is kept apart; like the rest of the house where it is left out. */
  readonly isolation?: Isolation;
  readonly limits: DomainLimits;
  /** Cores it may use: `big`, `little`, `all` or a list; all where it is left out. */
  readonly cpus?: string;
};

/** A house: one launcher, one switch, the domains. */
export type HouseSpec = {
  readonly house: string;
  /** `[a-z0-9-]{1,24}`: part of control group and container names. */
  readonly instance: string;
  /** Folder of sockets and other things that end with the house; made and removed by the launcher. */
  readonly runDir: string;
  /** Folder of what stays: volumes, logs, epochs. */
  readonly dataDir: string;
  /** Folder of images, shared by houses. */
  readonly stateDir: string;
  /** How domains are kept apart that say nothing else. */
  readonly driver: Isolation;
  /** A production configuration is refused by the driver `none`. */
  readonly production: boolean;
  /** `act`: what management detects has steps taken against it; `report`: it is only said. */
  readonly detection: "act" | "report";
  /** End of standard input stops the house. */
  readonly lifeline: boolean;
  /** Access document as text: who may give orders; null: nobody. */
  readonly access: string | null;
  /** Signed security profiles as text, for management to check; left out: there are none. */
  readonly profiles?: string;
  /** Flow policy file of the switch. */
  readonly policy: string;
  readonly domains: readonly DomainEntry[];
};

/** How a domain of a house is kept apart. */
export const isolationOf = (house: Pick<HouseSpec, "driver">, entry: DomainEntry): Isolation => entry.isolation ?? house.driver;

const OF_MACHINES: ReadonlySet<Isolation> = new Set(["vm", "xen"]);

/** Whether a driver boots a machine with a kernel of its own. */
export const bootsMachines = (isolation: Isolation): boolean => OF_MACHINES.has(isolation);

/** Whether a domain runs in a machine that has a kernel of its own to boot. */
export const isInMachine = (house: Pick<HouseSpec, "driver">, entry: DomainEntry): boolean => bootsMachines(isolationOf(house, entry));

/** The domain whose work an entry does: its own, or that of the one it stands by for. */
export const roleOf = ({ domains }: Pick<HouseSpec, "domains">, entry: DomainEntry): DomainEntry => domains.find(({ name }) => name === entry.standbyOf) ?? entry;

/** Kinds that run as processes of the host, without capabilities and as a user of their own, not in a jail. */
export const isHostProcess = (entry: DomainEntry): boolean => entry.kind === "management" || entry.kind === "network";
