/** Facts of a chain that is not an EVM chain, beside its plan: what is registered, and what its domains are told. */
export type ForeignFacts = {
  /** Gateway contract as hashes and registrations name it, 32 bytes. */
  readonly contract: Uint8Array;
  /** Service contracts as registrations name them, at most 32 bytes; `data` null where there is none. */
  readonly vault: Uint8Array;
  readonly data: Uint8Array | null;
  /** Trust roots for the kind's verifier (core/proof). */
  readonly terms: Uint8Array;
  /** Settings of the plugin, and of witnesses and validators. */
  readonly pluginSettings: Uint8Array;
  /** Settings of the plugin's standby where they differ: it has a key of its own, so it may need an identity of its own. */
  readonly standbySettings?: Uint8Array;
  readonly witnessSettings: Uint8Array;
  /** What users of a development chain sign with, in an encoding of the kind's own; for whoever sends load, never for a domain. */
  readonly userSettings?: Uint8Array;
  /** Signers of a pool, in the order of their keys: domains of the relay chain's house, each at a port of its own. */
  readonly signers?: readonly { readonly name: string; readonly port: number }[];
  /** Further endpoints of the plugin after the chain's own, by name. */
  readonly pluginEndpoints: readonly { readonly name: string; readonly url: string }[];
};
