import { type TxStatus } from "@crossguardian/wire";

/** An outcome that a contract may give a transfer. */
export type FinalStatus = Extract<TxStatus, 3 | 4 | 5>;

type Pair = { readonly fromKey: Uint8Array; readonly toKey: Uint8Array; readonly index: bigint };

/** Somebody asks a service of another chain; `func` and `args` are empty when private. */
export type RequestEvent = Pair & {
  readonly type: "request";
  readonly requestHash: Uint8Array;
  readonly bodyHash: Uint8Array;
  readonly timeoutMs: bigint;
  readonly priority: number;
  readonly isPrivate: boolean;
  readonly func: string;
  readonly args: readonly Uint8Array[];
};

/** The destination contract has decided. */
export type ReceiptEvent = Pair & {
  readonly type: "receipt";
  readonly requestHash: Uint8Array;
  readonly status: FinalStatus;
  readonly result: Uint8Array;
};

/** The source contract has committed or rolled back. */
export type SettledEvent = Pair & { readonly type: "settled"; readonly status: FinalStatus };

/** An event of the gateway contract; keys are keccak256 of service ids. */
export type GatewayEvent = RequestEvent | ReceiptEvent | SettledEvent;
