import { CodedError, failure, type Hash, ok, refuse, type Result } from "@crossguardian/kernel";
import { decodeMessage } from "@crossguardian/wire";
import { decodeGatewayEvent } from "../evm/gateway-event.ts";
import { type OpenCertificate } from "./certificates.ts";
import { fabricContract } from "./fabric-contract.ts";
import { fabricTrust } from "./trust.ts";
import { type FabricVerifier, makeFabricVerifier } from "./verify-events.ts";
import { type ProofTerms, type ProvenBlock, type UntrustedEvidence } from "../block-proof.ts";

/** What verifying a Fabric block uses. */
export type FabricPowers = { readonly keccak256: Hash; readonly sha256: Hash; readonly openCertificate: OpenCertificate };

/** Verifiers by the registration they were made from; a new registration makes a new one. */
const verifiers = new WeakMap<Uint8Array, FabricVerifier>();

const verifierOf = (powers: FabricPowers, terms: Uint8Array): FabricVerifier => {
  const known = verifiers.get(terms);
  if (known !== undefined) return known;
  const trust = decodeMessage(fabricTrust, terms);
  if (!trust.ok) throw new CodedError("proof.fabric.trust", { mspId: "" });
  const { channel, chaincode } = trust.value;
  const made = makeFabricVerifier(powers, trust.value, fabricContract(powers.keccak256, channel, chaincode));
  verifiers.set(terms, made);
  return made;
};

/** Verifies evidence of a Fabric channel as registered in `terms` (fabricTrust). Errors: proof.fabric.*, proof.header.height */
export const verifyFabricBlock = (powers: FabricPowers, { terms }: Pick<ProofTerms, "terms">, { height, evidence, places }: UntrustedEvidence): Result<ProvenBlock> => {
  try {
    const proven = verifierOf(powers, terms).verify(evidence, places);
    if (!proven.ok) return proven;
    const { blockHash, timestampS, events } = proven.value;
    if (proven.value.height !== height) return refuse(failure("proof.header.height", { height: proven.value.height, wanted: height }));
    return ok({ blockHash, height, timestampS, emissions: events.map((log) => ({ emitter: log.address, event: decodeGatewayEvent(log) })) });
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
};
