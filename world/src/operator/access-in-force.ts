import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { type AccessDocument, applyChange, decodeAccessChange, decodeAccessDocument } from "@crossguardian/access";
import { type Crypto } from "@crossguardian/crypto";
import { CodedError } from "@crossguardian/kernel";
import { type HouseSpec } from "@crossguardian/launch";

/**
 * Documents of operators of a house from the first to the one in force, as they lie on this machine, with the signatures of each change checked.
 * @throws access.document.*, access.change.stored
 */
export const accessVersions = (crypto: Crypto, { instance, dataDir, access }: Pick<HouseSpec, "instance" | "dataDir" | "access">): readonly AccessDocument[] => {
  const first = decodeAccessDocument(access ?? "");
  if (!first.ok) throw new CodedError(first.failure.code, first.failure.facts);
  const path = join(dataDir, "volumes", "management", "access.jsonl");
  const versions = [first.value];
  let last = first.value;
  for (const line of existsSync(path) ? readFileSync(path, "utf8").split("\n").filter((each) => each !== "") : []) {
    const change = decodeAccessChange(line);
    const next = change === null ? null : applyChange({ sha256: crypto.sha256, verify: crypto.ed25519.verify }, instance, last, change);
    if (next?.ok !== true) throw new CodedError("access.change.stored", { version: last.version + 1, why: next?.failure.code ?? "malformed" });
    last = next.value;
    versions.push(last);
  }
  return versions;
};
