import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { type Crypto } from "@crossguardian/crypto";
import { keyLabel } from "@crossguardian/kernel";
import { keyFromSlot } from "@crossguardian/plugin-fabric-blocks";

import { openKeySlots } from "../key-slots.ts";
import { certificateRequest } from "../kinds/fabric/network/certificate-request.ts";

/**
 * A certificate request (PEM) for the key that a domain has from its next orderly start: an authority of a Fabric organization makes it a member by
 * signing it. The key is made when its slot is empty, and does not leave it.
 */
export const requestCertificate = (crypto: Crypto, dataDir: string, chain: string, domain: string): string => {
  mkdirSync(dataDir, { recursive: true, mode: 0o711 }); // the users of the domains pass through, to their own volumes only
  const root = openKeySlots(join(dataDir, "keys")).rootOf(domain);
  return certificateRequest(keyFromSlot(crypto.deriveKey(root, keyLabel("account", chain))), domain);
};
