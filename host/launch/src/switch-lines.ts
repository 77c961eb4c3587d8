import { type PortRate } from "./allocation.ts";

/** Launcher to switch, over the child's IPC channel; the socket of a `port` goes with it. */
export type ToSwitch =
  | { readonly type: "policy"; readonly text: string; readonly cutsOff: boolean }
  | { readonly type: "port"; readonly number: number; readonly name: string; readonly kind: string; readonly chain: string | null; readonly role: number; readonly isFirst: boolean; readonly epoch: string; /** Newest instance that did the work of its role. */ readonly newest: string; readonly rate: PortRate | null }
  | { readonly type: "rate"; readonly number: number; readonly rate: PortRate | null }
  | { readonly type: "whitelist"; readonly on: boolean }
  | { readonly type: "gone"; readonly number: number };

/**
 * Switch to launcher: the policy was taken, a channel holds no frame boundary any more, counters, that a port does the work of its role from now on, or that
 * it did its first work in another's place. Times are of the wall clock, in ms.
 */
export type FromSwitch =
  | { readonly type: "ready" }
  | { readonly type: "torn"; readonly number: number; readonly code: string }
  | { readonly type: "active"; readonly number: number; readonly role: number; readonly epoch: string; readonly instead: number | null; readonly why: string; readonly atMs: number }
  | { readonly type: "served"; readonly number: number; readonly role: number; readonly message: string; readonly atMs: number; readonly afterMs: number }
  | { readonly type: "stats"; readonly stats: unknown };

const MAX_WORD_CHARS = 40;

const numberIn = (from: object, name: string): number | null => {
  const value: unknown = Object.getOwnPropertyDescriptor(from, name)?.value;
  return typeof value === "number" && Number.isFinite(value) ? value : null;
};

const wordIn = (from: object, name: string): string => {
  const value: unknown = Object.getOwnPropertyDescriptor(from, name)?.value;
  return typeof value === "string" ? value.slice(0, MAX_WORD_CHARS) : "";
};

const readTakeover = (untrusted: object, type: "active" | "served"): FromSwitch | null => {
  const [number, role, atMs] = [numberIn(untrusted, "number"), numberIn(untrusted, "role"), numberIn(untrusted, "atMs")];
  if (number === null || role === null || atMs === null) return null;
  if (type === "served") return { type, number, role, message: wordIn(untrusted, "message"), atMs, afterMs: numberIn(untrusted, "afterMs") ?? 0 };
  return { type, number, role, epoch: wordIn(untrusted, "epoch"), instead: numberIn(untrusted, "instead"), why: wordIn(untrusted, "why"), atMs };
};

/** Takes what the switch says; null for anything else. */
export const readFromSwitch = (untrusted: unknown): FromSwitch | null => {
  if (typeof untrusted !== "object" || untrusted === null || !("type" in untrusted)) return null;
  if (untrusted.type === "ready") return { type: "ready" };
  if (untrusted.type === "stats") return { type: "stats", stats: untrusted };
  if (untrusted.type === "active" || untrusted.type === "served") return readTakeover(untrusted, untrusted.type);
  if (untrusted.type !== "torn" || !("number" in untrusted) || typeof untrusted.number !== "number") return null;
  const code = "code" in untrusted && typeof untrusted.code === "string" ? untrusted.code.slice(0, 96) : "";
  return { type: "torn", number: untrusted.number, code };
};
