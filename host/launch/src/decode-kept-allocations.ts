import { CodedError } from "@crossguardian/kernel";
import { type Allocation } from "./allocation.ts";
import { decodeAllocation } from "./decode-allocation.ts";

/** What is kept of a house over restarts. */
export type KeptAllocations = { readonly whitelist: boolean; readonly domains: Readonly<Record<string, Allocation>> };

/**
 * Decodes what was kept; null: nothing was. A domain must not get more than was decided, nor a house under attack be open again, because a file was damaged.
 * @throws launch.allocation.stored
 */
export const decodeKeptAllocations = (text: string | null): KeptAllocations => {
  if (text === null) return { whitelist: false, domains: {} };
  try {
    const kept: unknown = JSON.parse(text);
    if (typeof kept !== "object" || kept === null || !("whitelist" in kept) || !("domains" in kept)) throw new SyntaxError("fields");
    const { whitelist, domains } = kept;
    if (typeof whitelist !== "boolean" || typeof domains !== "object" || domains === null) throw new SyntaxError("fields");
    return { whitelist, domains: Object.fromEntries(Object.entries(domains).map(([name, each]) => [name, decodeAllocation(each)])) };
  } catch (cause) {
    throw new CodedError("launch.allocation.stored", {}, { cause });
  }
};
