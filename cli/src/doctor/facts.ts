import { type ChainsState, type DomainKeyAge, type ReportedDomain } from "@crossguardian/world";

/** What management says of one domain: its own view, and the pulse, whose figures the domain may have made up. */
export type PulseFacts = {
  readonly name: string;
  readonly kind: string;
  readonly chain: string;
  readonly phase: string;
  readonly silentMs: number | null;
  readonly gauges: ReadonlyMap<string, number>;
  readonly owes: readonly { readonly duty: string; readonly by: string; readonly owedMs: number; readonly excused: boolean }[];
  readonly isStalled: boolean;
  readonly isGivenUp: boolean;
  readonly stallRestarts: number;
};

/** As in domains/management: a pulse older than this is missed, in ms. */
export const MISSED_AFTER_MS = 1_500;

/** Whether the domain is admitted and its pulse fresh. */
export const isAlive = ({ phase, silentMs }: Pick<PulseFacts, "phase" | "silentMs">): boolean => phase === "admitted" && (silentMs ?? 0) < MISSED_AFTER_MS;

/** What an interaction domain says of one chain. */
export type WatchFacts = {
  readonly chain: string;
  readonly cursor: number;
  readonly quorumHeight: number | null;
  readonly frozen: string;
  readonly witnesses: ReadonlyMap<string, number>;
  readonly quorumStillMs: number;
  readonly cursorStillMs: number;
  readonly isHeldBack: boolean;
  readonly queued: number;
  readonly submitted: number;
  /** Who puts calls into it for pairs of services; one alone where nothing is shared. */
  readonly shares: readonly { readonly domain: string; readonly isThere: boolean; readonly pairs: number }[];
};

/** One entry an interaction domain has not done. */
export type EntryFacts = {
  readonly gateway: string;
  readonly id: string;
  readonly what: string;
  readonly chain: string;
  readonly stage: string;
  readonly stageMs: number;
  readonly ageMs: number | null;
  readonly timeoutMs: number | null;
  readonly attempts: number;
  readonly refusal: string;
};

/** One house. */
export type HouseFacts = {
  readonly house: string;
  readonly isRunning: boolean;
  readonly domains: readonly ReportedDomain[];
  /** Null: management does not answer. */
  readonly pulses: readonly PulseFacts[] | null;
  /** Null for the relay chain's house, or when interaction does not answer. */
  readonly watches: readonly WatchFacts[] | null;
  readonly entries: readonly EntryFacts[];
};

/** What the orderer says. */
export type OrdererFacts = {
  readonly height: number;
  readonly tickMs: number;
  readonly threshold: number;
  readonly pendingBatches: number;
  readonly pendingBytes: number;
  readonly oldestBatchMs: number;
  /** It can not tell what validators sign next. */
  readonly isUndecided: boolean;
  readonly live: readonly string[];
};

/** What one validator says; null where it does not answer. */
export type ValidatorFacts = { readonly name: string; readonly said: { readonly height: number; readonly frozen: readonly string[] } | null };

/** Everything findings are made of. */
export type Facts = {
  readonly nowMs: number;
  readonly instance: string;
  readonly houses: readonly HouseFacts[];
  readonly orderer: OrdererFacts | null;
  readonly validators: readonly ValidatorFacts[];
  readonly chains: ChainsState;
  /** Root keys whose domains have a security profile. */
  readonly keys: readonly DomainKeyAge[];
  readonly disk: { readonly path: string; readonly freeBytes: number; readonly totalBytes: number } | null;
};
