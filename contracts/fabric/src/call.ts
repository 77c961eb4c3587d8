import { type Secp256k1 } from "@crossguardian/kernel";
import { type Hashes } from "@crossguardian/protocol";
import { type Ledger } from "./ledger.ts";
import { type Terms } from "./gateway/terms.ts";

/** Hashes and signatures of the relay chain's side. */
export type Powers = { readonly hashes: Hashes; readonly secp256k1: Pick<Secp256k1, "recoverAddress"> };

/** One transaction on its way through the chaincode. */
export type Call = {
  readonly powers: Powers;
  readonly ledger: Ledger;
  readonly terms: Terms;
  /** Account of who signed the transaction, 20 bytes. */
  readonly caller: Uint8Array;
  readonly services: ReadonlyMap<string, Service>;
};

/** What the gateway calls on a registered service of this package: these two functions and no other. */
export type Service = {
  readonly onRequest: (call: Call, from: Uint8Array, index: bigint, func: string, args: readonly Uint8Array[]) => Promise<Uint8Array>;
  readonly onReceipt: (call: Call, to: Uint8Array, index: bigint, status: number, result: Uint8Array) => Promise<void>;
};
