import { type AttackOptions, type AttackResult, runAttack } from "@crossguardian/attack";

import { inOwnPlaces } from "./own-places.ts";

// On the disk of the system, not in /tmp: what domains make in a /tmp of their own must not be taken for it.
const PLACE = "/var/tmp";

/** A run of the attack lab in folders of its own. */
export const attackRun = async (wanted: Partial<AttackOptions>): Promise<AttackResult> =>
  inOwnPlaces(PLACE, async ({ places, signal, write }) => runAttack({ driver: "oci", only: null, ablate: null, layers: false, places, signal, write, ...wanted }));
