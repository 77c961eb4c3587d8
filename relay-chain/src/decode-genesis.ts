import { CodedError } from "@crossguardian/kernel";
import { relayGenesisDocument, type RelayGenesisDocument } from "@crossguardian/protocol";
import { decodeMessage } from "@crossguardian/wire";
import { MAX_RELAY_VALIDATORS } from "./blocks/plan-block.ts";

/**
 * Genesis document of a configuration; the threshold must make forks impossible: (n+f)/2 < t <= n-f for some f >= 0
 * means t > n/2. @throws relaychain.config.malformed
 */
export const decodeGenesis = (untrustedBytes: Uint8Array): RelayGenesisDocument => {
  const genesis = decodeMessage(relayGenesisDocument, untrustedBytes);
  if (!genesis.ok) throw new CodedError("relaychain.config.malformed", { what: "genesis", why: genesis.failure.code });
  const { validators, threshold } = genesis.value.validators;
  if (validators.length === 0 || validators.length > MAX_RELAY_VALIDATORS || threshold * 2 <= validators.length || threshold > validators.length) {
    throw new CodedError("relaychain.config.malformed", { what: "threshold", validators: validators.length, threshold });
  }
  return genesis.value;
};
