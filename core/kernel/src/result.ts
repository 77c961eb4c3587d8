import { type Failure } from "./failure.ts";

/** Outcome of an operation whose refusal is ordinary traffic. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

/** Wraps a checked value. */
export const ok = <T>(value: T): Result<T> => ({ ok: true, value });

/** Wraps a refusal. */
export const refuse = (failure: Failure): { readonly ok: false; readonly failure: Failure } => ({
  ok: false,
  failure,
});
