import { bytes, type Decoded, fixed, hash32, list, struct, u32, u64, u8 } from "@crossguardian/wire";

/** What the gateway is made with, fixed for ever; the twin of the Solidity constructor's arguments. */
export const termsCodec = struct({
  relayGenesis: hash32,
  /** This chain and this contract as hashes name them. */
  chain: hash32,
  contract: hash32,
  governors: list(fixed(20), 32),
  governanceThreshold: u8,
  pauser: fixed(20),
  validators: list(fixed(20), 64),
  threshold: u8,
  minTimeoutMs: u64,
  maxTimeoutMs: u64,
  /** Indexes between the lowest unsettled and the newest request of a pair. */
  window: u32,
  maxResultBytes: u32,
});
/** See {@link termsCodec}. */
export type GatewayTerms = Decoded<typeof termsCodec>;

/** As stored: with the account that made the gateway, which is the admin of its services. */
export const storedTerms = struct({ terms: termsCodec, admin: fixed(20), reserved: bytes(0) });
/** The stored terms. */
export type Terms = GatewayTerms & { readonly admin: Uint8Array };
