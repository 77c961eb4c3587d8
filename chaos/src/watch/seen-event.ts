import { type Hex } from "viem";

/** An event of a transfer as a chain shows it at the moment; a reorganisation may take it away again. */
export type SeenEvent = {
  readonly name: "Request" | "Receipt" | "Settled";
  readonly chain: string;
  readonly key: string;
  readonly from: Hex;
  readonly to: Hex;
  readonly index: bigint;
  readonly status: number;
  readonly block: number;
  readonly transaction: Hex;
  readonly atMs: number;
};
