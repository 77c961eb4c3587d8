import { ROTATED_KINDS } from "@crossguardian/kernel";
import { type DomainEntry, type HouseSpec } from "./house-spec.ts";

/** How old the key in a slot is; rotated: the next one waits beside it. */
export type KeyAge = { readonly ageMs: number; readonly isRotated: boolean };

const DAY_MS = 86_400_000;

/** Whether a key is older than its lifetime; null: it has none. */
export const isExpired = ({ ageMs }: Pick<KeyAge, "ageMs">, lifetimeDays: number | null): boolean => lifetimeDays !== null && ageMs > lifetimeDays * DAY_MS;

/** Lifetime after which a domain's key is refused at its start; null: it is only reported, in development and for keys that no command rotates, which would be a dead end. */
export const enforcedLifetime = ({ production }: Pick<HouseSpec, "production">, { kind, keyLifetimeDays }: Pick<DomainEntry, "kind" | "keyLifetimeDays">): number | null =>
  production && ROTATED_KINDS.includes(kind) ? (keyLifetimeDays ?? null) : null;
