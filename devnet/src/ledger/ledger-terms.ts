import { type Decoded, fixed, hash32, list, struct, text, u32, u64 } from "@crossguardian/wire";

/** What the gateway contract of a development ledger knows: itself, its peers, and the validators whose attestation it asks for. */
export const ledgerTerms = struct({
  chainWord: hash32,
  contract: hash32,
  relayGenesis: hash32,
  epoch: u64,
  validators: list(fixed(20), 64),
  threshold: u32,
  service: text(160),
  peers: list(struct({ service: text(160), chain: hash32, contract: hash32 }), 255),
  /** Seconds since 1970 of the first block. */
  genesisS: u64,
});
/** See {@link ledgerTerms}. */
export type LedgerTerms = Decoded<typeof ledgerTerms>;
