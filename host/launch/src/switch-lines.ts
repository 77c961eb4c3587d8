/** Launcher to switch, over the child's IPC channel; the socket of a `port` goes with it. */
export type ToSwitch =
  | { readonly type: "policy"; readonly text: string }
  | { readonly type: "port"; readonly number: number; readonly name: string; readonly kind: string; readonly chain: string | null; readonly epoch: string }
  | { readonly type: "gone"; readonly number: number };

/** Switch to launcher: the policy was taken, a channel holds no frame boundary any more, or counters. */
export type FromSwitch =
  | { readonly type: "ready" }
  | { readonly type: "torn"; readonly number: number; readonly code: string }
  | { readonly type: "stats"; readonly stats: unknown };

/** Takes what the switch says; null for anything else. */
export const readFromSwitch = (untrusted: unknown): FromSwitch | null => {
  if (typeof untrusted !== "object" || untrusted === null || !("type" in untrusted)) return null;
  if (untrusted.type === "ready") return { type: "ready" };
  if (untrusted.type === "stats") return { type: "stats", stats: untrusted };
  if (untrusted.type !== "torn" || !("number" in untrusted) || typeof untrusted.number !== "number") return null;
  const code = "code" in untrusted && typeof untrusted.code === "string" ? untrusted.code.slice(0, 96) : "";
  return { type: "torn", number: untrusted.number, code };
};
