import { createKeccak } from "hash-wasm";
import { type Hash } from "@crossguardian/kernel";

/** Keccak-256 with the original padding (Ethereum's), synchronous after this one wait: one WebAssembly instance is reused. */
export const makeKeccak256 = async (): Promise<Hash> => {
  const hasher = await createKeccak(256);
  return (bytes) => hasher.init().update(bytes).digest("binary");
};
