import process from "node:process";

/** What the launcher started this domain as, or null. */
export const role = (): string | null => process.env["CG_ROLE"] ?? null;
