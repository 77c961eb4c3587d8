import { createHash } from "node:crypto";

/** sha256 of the parts, one after the other. */
export const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const each of parts) hash.update(each);
  return hash.digest();
};
