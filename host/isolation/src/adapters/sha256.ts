import { createHash } from "node:crypto";
import { type Sha256 } from "../measure.ts";

/** SHA-256 in hex over UTF-8 texts. */
export const sha256: Sha256 = (parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part, "utf8");
  return hash.digest("hex");
};
