/** A domain of the house as the launcher describes it. */
export type ManagedDomain = {
  readonly name: string;
  readonly kind: string;
  readonly chain: string | null;
  readonly port: number;
  readonly role: string;
  readonly network: "none" | "host";
  /** Runs in a jail, so its self-test must show one. */
  readonly jailed: boolean;
  /** Encoded configuration, handed on with the start order. */
  readonly config: Uint8Array;
};

/** The house as the launcher describes it. */
export type ManagedHouse = {
  readonly house: string;
  readonly driver: "oci" | "none";
  /** Folder for the logs of all domains. */
  readonly logs: string;
  readonly domains: readonly ManagedDomain[];
};

/** What the launcher says, one JSON object per line (host/launch, management-lines.ts). */
export type FromLauncher =
  | {
      readonly type: "started";
      readonly name: string;
      readonly epoch: bigint;
      /** False: it ran before this management process did. */
      readonly fresh: boolean;
      /** It was admitted by the management process before this one. */
      readonly admitted: boolean;
    }
  | { readonly type: "ended"; readonly name: string; readonly epoch: bigint }
  | { readonly type: "ask"; readonly id: number; readonly domain: string; readonly command: string; readonly argument: string };

/** What management says to the launcher; `epoch` as decimal text. */
export type ToLauncher =
  | { readonly type: "ready" }
  | { readonly type: "admitted"; readonly name: string; readonly epoch: string }
  | { readonly type: "refused" | "restart"; readonly name: string; readonly epoch: string; readonly why: string }
  | { readonly type: "answer"; readonly id: number; readonly ok: boolean; readonly answer: string };
