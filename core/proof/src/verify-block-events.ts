import { CHAIN_KIND, failure, ok, refuse, type Result } from "@crossguardian/kernel";
import { type ProofPowers, type ProofTerms, type ProvenBlock, type UntrustedEvidence } from "./block-proof.ts";
import { decodeGatewayEvent } from "./evm/gateway-event.ts";
import { verifyFabricBlock } from "./fabric/verify-block.ts";
import { verifyEvmEvents } from "./evm/verify-events.ts";
import { verifyLedgerEvents } from "./ledger/verify-ledger.ts";
import { verifyUtxoEvents } from "./utxo/verify-utxo.ts";

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

const verifyUtxo: Verify = (powers, terms, { height, evidence, places }) => {
  const proven = verifyUtxoEvents(powers, terms, evidence, places);
  if (!proven.ok) return proven;
  const { header, emissions } = proven.value;
  return ok({ blockHash: header.hash, height, timestampS: header.timestampS, emissions });
};

const VERIFIERS: ReadonlyMap<number, Verify> = new Map<number, Verify>([
  [CHAIN_KIND.evm, verifyEvm],
  [CHAIN_KIND.utxo, verifyUtxo],
  [CHAIN_KIND.ledger, verifyLedger],
  [CHAIN_KIND.fabric, verifyFabricBlock],
]);

/**
 * Verifies evidence of one block by the rules of its chain's kind: the one place where kinds differ for the interaction
 * domain and the validators, which run the same code. Errors: proof.*; proof.kind.unknown for a kind without a verifier.
 */
export const verifyBlockEvents: Verify = (powers, terms, untrusted) => {
  const verify = VERIFIERS.get(terms.kind);
  return verify === undefined ? refuse(failure("proof.kind.unknown", { kind: terms.kind })) : verify(powers, terms, untrusted);
};
