import { CHAIN_KIND, failure, type Hash, ok, refuse, type Result } from "@crossguardian/kernel";
import { type EventPlace } from "@crossguardian/wire";
import { decodeGatewayEvent } from "./evm/gateway-event.ts";
import { verifyEvmEvents } from "./evm/verify-events.ts";
import { type GatewayEvent } from "./gateway-event.ts";
import { verifyLedgerEvents } from "./ledger/verify-ledger.ts";

/** What verifiers may use; hashes and signatures are lent by host/crypto. */
export type ProofPowers = { readonly keccak256: Hash; readonly sha256: Hash };

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

type Verify = (powers: ProofPowers, terms: ProofTerms, untrusted: UntrustedEvidence) => Result<ProvenBlock>;

const verifyEvm: Verify = (powers, _terms, { height, evidence, places }) => {
  const proven = verifyEvmEvents(powers, evidence, places);
  if (!proven.ok) return proven;
  const { blockHash, timestampS, events } = proven.value;
  if (proven.value.height !== height) return refuse(failure("proof.header.height", { height: proven.value.height, wanted: height }));
  return ok({ blockHash, height, timestampS, emissions: events.map((log) => ({ emitter: log.address, event: decodeGatewayEvent(log) })) });
};

const verifyLedger: Verify = ({ sha256 }, _terms, { height, evidence, places }) => {
  const proven = verifyLedgerEvents(sha256, evidence, places);
  if (!proven.ok) return proven;
  return proven.value.height === height ? proven : refuse(failure("proof.header.height", { height: proven.value.height, wanted: height }));
};

const VERIFIERS: ReadonlyMap<number, Verify> = new Map<number, Verify>([
  [CHAIN_KIND.evm, verifyEvm],
  [CHAIN_KIND.ledger, verifyLedger],
]);

/**
 * Verifies evidence of one block by the rules of its chain's kind: the one place where kinds differ for the interaction
 * domain and the validators, which run the same code. Errors: proof.*; proof.kind.unknown for a kind without a verifier.
 */
export const verifyBlockEvents: Verify = (powers, terms, untrusted) => {
  const verify = VERIFIERS.get(terms.kind);
  return verify === undefined ? refuse(failure("proof.kind.unknown", { kind: terms.kind })) : verify(powers, terms, untrusted);
};
