/**
 * Launcher to management, JSON lines over a descriptor only these two have. A domain's `started` comes before its channel is
 * at the switch; `epoch` is decimal text. Not `fresh`: it ran before this management process did, and was perhaps `admitted` by another.
 */
export type ToManagement =
  | { readonly type: "started"; readonly name: string; readonly epoch: string; readonly fresh: boolean; readonly admitted: boolean }
  | { readonly type: "ended"; readonly name: string; readonly epoch: string }
  | { readonly type: "ask"; readonly id: number; readonly domain: string; readonly command: string; readonly argument: string };

/** Management to launcher. */
export type FromManagement =
  | { readonly type: "ready" }
  | { readonly type: "admitted"; readonly name: string; readonly epoch: string }
  | { readonly type: "refused"; readonly name: string; readonly epoch: string; readonly why: string }
  | { readonly type: "restart"; readonly name: string; readonly epoch: string; readonly why: string }
  | { readonly type: "answer"; readonly id: number; readonly ok: boolean; readonly answer: string };

/** Descriptor of the line in the management process. */
export const MANAGEMENT_LINE_FD = 4;

/** What management needs to know about one domain, from the house file. */
export type ManagedDomain = {
  readonly name: string;
  readonly kind: string;
  readonly chain: string | null;
  readonly port: number;
  readonly role: string;
  readonly network: "none" | "host";
  /** Runs in a jail whose self-test must match, or as a process of the host. */
  readonly jailed: boolean;
  /** Encoded configuration, base64. */
  readonly config: string;
};

/** Configuration of the management domain, JSON in the file CG_MANAGEMENT names. */
export type ManagementConfig = {
  readonly house: string;
  readonly driver: "oci" | "none";
  readonly logs: string;
  readonly domains: readonly ManagedDomain[];
};
