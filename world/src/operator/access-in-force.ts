import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { type AccessDocument, applyChanges, decodeAccessChange } from "@crossguardian/access";
import { type Crypto } from "@crossguardian/crypto";
import { CodedError } from "@crossguardian/kernel";
import { type HouseSpec } from "@crossguardian/launch";

/**
 * Documents of operators of a house from the first to the one in force, as they lie on this machine, with the signatures of each change checked.
 * @throws access.document.*, access.change.stored
 */
export const accessVersions = (crypto: Crypto, { instance, dataDir, access }: Pick<HouseSpec, "instance" | "dataDir" | "access">): readonly AccessDocument[] => {
  const path = join(dataDir, "volumes", "management", "access.jsonl");
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").filter((each) => each !== "") : [];
  const versions = applyChanges({ sha256: crypto.sha256, verify: crypto.ed25519.verify }, instance, access ?? "", lines.map(decodeAccessChange));
  if (!versions.ok) throw new CodedError(versions.failure.code, versions.failure.facts);
  return versions.value;
};
