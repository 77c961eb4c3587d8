import { type Duplex } from "node:stream";
import { type Clock, type Hash, type Log, type Secp256k1 } from "@crossguardian/kernel";
import { type EndpointConfig, type PluginConfig, type WitnessedHeader } from "@crossguardian/protocol";
import { type Message, type MessageName, type TlsName } from "@crossguardian/wire";
import { type Intake } from "./intake.ts";

/** What a plugin tells its interaction domain. */
export type PluginSays = Extract<MessageName, "observed" | "submitted" | "decided" | "privateBody">;

/** A listed endpoint, and a fresh stream to it each time one is needed: the only way out of the domain. */
export type LentEndpoint = {
  readonly config: EndpointConfig;
  readonly connect: () => Duplex;
  /** Lowest version of TLS that the plugin speaks itself over the stream; 1.2 when it is left out. */
  readonly tlsMin?: TlsName;
};

/** Cryptography that the host lends. */
export type PluginCrypto = {
  readonly keccak256: Hash;
  readonly sha256: Hash;
  readonly secp256k1: Secp256k1;
};

/** What a plugin is given; nothing else is reachable for it. */
export type ChainPluginPorts = {
  /** In the order of the configuration, at least one. */
  readonly endpoints: readonly LentEndpoint[];
  /** False: the channel is full; `onDrain` of the plugin follows. */
  readonly say: <N extends PluginSays>(name: N, message: Message<N>) => boolean;
  readonly crypto: PluginCrypto;
  /** 32 bytes, derived from the domain's key slot for this chain. */
  readonly accountKey: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * A running chain plugin: orders of its interaction domain go in, answers come out by `say`. It is not trusted: what it
 * tells carries evidence that others verify, and what it submits the destination verifies. It keeps no state over a restart.
 */
export type ChainPlugin = {
  /** Scan from a block; a message `observed` costs a grant. */
  readonly scan: (order: Message<"scan">) => void;
  /** Put attested entries into the chain's contract. */
  readonly submit: (order: Message<"submit">) => void;
  /** Which indexes are decided in the contract; answered with `decided`. */
  readonly query: (order: Message<"query">) => void;
  readonly privateBodyTaken: (word: Message<"privateBodyTaken">) => void;
  /** Takes private bodies of local clients, or null where the chain has no private requests. */
  readonly intake: Intake | null;
  /** The channel takes messages again. */
  readonly onDrain: () => void;
  /** Figures of the pulse by name; one that is not known is left out. */
  readonly gauges: () => Readonly<Partial<Record<string, number>>>;
  readonly stop: () => void;
};

/** Reports consecutive headers of a chain at finality depth. */
export type HeaderFollower = {
  readonly stop: () => void;
  /** Goes on at this height, also backwards. */
  readonly setFrom: (height: bigint) => void;
  readonly isUp: () => boolean;
  /** True while nothing can be reported before the node or its next final block has moved, or before `setFrom`. */
  readonly waits: () => boolean;
};

/** What a header follower needs. `from` null: nothing but the tip is reported until `setFrom`. */
export type HeaderFollowerOptions = {
  readonly connect: () => Duplex;
  /** As in {@link LentEndpoint}. */
  readonly tlsMin?: TlsName;
  readonly endpoint: EndpointConfig;
  readonly depth: number;
  readonly from: bigint | null;
  readonly genesisHash: Uint8Array;
  /** Trust roots as the registration pins them, and the kind's settings; empty for EVM chains. */
  readonly terms: Uint8Array;
  readonly settings: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  readonly pollMs: number;
  readonly crypto: Pick<PluginCrypto, "keccak256" | "sha256">;
  /** Headers in ascending order without a gap, each the parent of the next; and the tip. Empty: only the tip. */
  readonly onHeaders: (headers: readonly WitnessedHeader[], tip: bigint) => void;
};

/** A package that speaks with chains of one kind: exported as `chainPackage` and run by its `src/main.ts`. */
export type ChainPackage = {
  /** One of CHAIN_KIND: how events are proven. */
  readonly kind: number;
  /** Names of what a plugin's pulse shows; `waits.*` and `still.*` as management judges them. */
  readonly gauges: readonly string[];
  /** @throws CodedError for a configuration it can not run with. */
  readonly makePlugin: (ports: ChainPluginPorts, config: PluginConfig) => ChainPlugin;
  readonly makeHeaderFollower: (options: HeaderFollowerOptions) => HeaderFollower;
};
