import { ACCESS_FAILURES } from "./access.ts";
import { APPCHAIN_FAILURES } from "./appchain.ts";
import { AUDIT_FAILURES } from "./audit.ts";
import { ATTACK_FAILURES } from "./attack.ts";
import { BOOT_FAILURES } from "./boot.ts";
import { CHAOS_FAILURES } from "./chaos.ts";
import { CLI_FAILURES } from "./cli.ts";
import { CONFIG_FAILURES } from "./config.ts";
import { CONTRACTS_FAILURES } from "./contracts.ts";
import { CRYPTO_FAILURES } from "./crypto.ts";
import { DEVNET_FAILURES } from "./devnet.ts";
import { DOCTOR_FAILURES } from "./doctor.ts";
import { EVM_FAILURES } from "./evm.ts";
import { FABRIC_FAILURES } from "./fabric.ts";
import { FRONTEND_FAILURES } from "./frontend.ts";
import { INTERACTION_FAILURES } from "./interaction.ts";
import { ISOLATION_FAILURES } from "./isolation.ts";
import { KERNEL_FAILURES } from "./kernel.ts";
import { LAUNCH_FAILURES } from "./launch.ts";
import { MANAGEMENT_FAILURES } from "./management.ts";
import { NETWORK_FAILURES } from "./network.ts";
import { PLUGIN_FAILURES } from "./plugin.ts";
import { PROTOCOL_FAILURES } from "./protocol.ts";
import { PROOF_FAILURES } from "./proof.ts";
import { RELAY_FAILURES } from "./relay.ts";
import { RELAYCHAIN_FAILURES } from "./relaychain.ts";
import { SWITCH_FAILURES } from "./switch.ts";
import { TOKEN_FAILURES } from "./token.ts";
import { UTXO_FAILURES } from "./utxo.ts";
import { WIRE_FAILURES } from "./wire.ts";

/** Every failure code of the project. A test keeps docs/errors.md equal. */
export const FAILURES = {
  ...ACCESS_FAILURES,
  ...APPCHAIN_FAILURES,
  ...AUDIT_FAILURES,
  ...ATTACK_FAILURES,
  ...BOOT_FAILURES,
  ...CHAOS_FAILURES,
  ...CLI_FAILURES,
  ...CONFIG_FAILURES,
  ...CONTRACTS_FAILURES,
  ...CRYPTO_FAILURES,
  ...DEVNET_FAILURES,
  ...DOCTOR_FAILURES,
  ...EVM_FAILURES,
  ...FABRIC_FAILURES,
  ...FRONTEND_FAILURES,
  ...INTERACTION_FAILURES,
  ...ISOLATION_FAILURES,
  ...KERNEL_FAILURES,
  ...LAUNCH_FAILURES,
  ...MANAGEMENT_FAILURES,
  ...NETWORK_FAILURES,
  ...PLUGIN_FAILURES,
  ...PROTOCOL_FAILURES,
  ...PROOF_FAILURES,
  ...RELAY_FAILURES,
  ...RELAYCHAIN_FAILURES,
  ...SWITCH_FAILURES,
  ...TOKEN_FAILURES,
  ...UTXO_FAILURES,
  ...WIRE_FAILURES,
} as const;

/** One of the project's failure codes, `area.thing.problem`. */
export type FailureCode = keyof typeof FAILURES;
