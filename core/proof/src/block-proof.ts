import { type Hash, type Result } from "@crossguardian/kernel";
import { type EventPlace } from "@crossguardian/wire";
import { type OpenCertificate } from "./fabric/certificates.ts";
import { type GatewayEvent } from "./gateway-event.ts";

/** What verifiers may use; hashes and signatures are lent by host/crypto. */
export type ProofPowers = { readonly keccak256: Hash; readonly sha256: Hash; readonly openCertificate: OpenCertificate };

/** What a chain's registration pins for the verifier of its kind. */
export type ProofTerms = {
  /** One of CHAIN_KIND. */
  readonly kind: number;
  /** Blocks on top of a block before its events count. */
  readonly depth: number;
  /** Trust roots of the kind, in an encoding of its own; empty for EVM chains. */
  readonly terms: Uint8Array;
};

/** Evidence of one block as it came, and where in the block the events are said to stand. */
export type UntrustedEvidence = { readonly height: bigint; readonly evidence: Uint8Array; readonly places: readonly EventPlace[] };

/** An event that stands in a proven block. `event` is refused where what was found is no event of a gateway contract. */
export type ProvenEmission = {
  /** The gateway contract as its registration names it, at most 32 bytes. */
  readonly emitter: Uint8Array;
  readonly event: Result<GatewayEvent>;
};

/** What evidence proves once its block's hash is known to be a witnessed one. */
export type ProvenBlock = {
  /** Compare it with the witnessed hash at `height` before anything else counts. */
  readonly blockHash: Uint8Array;
  readonly height: bigint;
  /** Seconds since 1970, as the block says. */
  readonly timestampS: bigint;
  /** One per place, in the same order. */
  readonly emissions: readonly ProvenEmission[];
};
