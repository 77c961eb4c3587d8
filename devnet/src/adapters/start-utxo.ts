import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { CodedError } from "@crossguardian/kernel";

import { freePort } from "./free-port.ts";
import { spawnBound, stopChild } from "./spawn-bound.ts";

const MAIN = fileURLToPath(new URL("../utxo-main.ts", import.meta.url));
const START_DEADLINE_MS = 60_000;
const START_ATTEMPTS = 3;
const DEFAULT_BLOCK_TIME_MS = 250;

/** What a UTXO chain is started with. */
export type UtxoChainOptions = {
  /** Milliseconds between blocks; null: the default; 0: a block is made when `generate` asks for it. */
  readonly blockTimeMs: number | null;
  /** RIPEMD-160 of SHA-256 of the compressed public key that mines: 20 bytes in hexadecimal. */
  readonly keyHash: string;
  readonly outlive?: boolean;
};

/** A development chain that answers: Bitcoin's rules on regtest, by bcoin, in memory. */
export type UtxoChain = { readonly url: string; readonly pid: number; readonly stop: () => Promise<void> };

/** Starts a bcoin regtest node on 127.0.0.1. The process dies with this one unless `outlive` is set. @throws devnet.chain.failed, devnet.chain.silent */
export const startUtxoChain = async ({ blockTimeMs, keyHash, outlive }: UtxoChainOptions): Promise<UtxoChain> => {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const child = spawnBound({
      command: process.execPath,
      args: ["--no-deprecation", MAIN, JSON.stringify({ port, blockTimeMs: blockTimeMs ?? DEFAULT_BLOCK_TIME_MS, keyHash })],
      stdio: ["ignore", "pipe", "ignore"],
      outlive: outlive ?? false,
      deathSignal: "TERM",
    });
    const late = AbortSignal.timeout(START_DEADLINE_MS);
    try {
      if (child.stdout === null) throw new Error("no output");
      const ended = once(child, "exit", { signal: late }).then(([code]) => {
        throw new CodedError("devnet.chain.failed", { chainId: 0, exit: String(code) });
      });
      ended.catch(() => undefined);
      await Promise.race([once(child.stdout, "data", { signal: late }), ended]);
    } catch (error) {
      await stopChild(child);
      if (error instanceof CodedError && attempt < START_ATTEMPTS) continue;
      throw error instanceof CodedError ? error : new CodedError("devnet.chain.silent", { chainId: 0, deadlineMs: START_DEADLINE_MS }, { cause: error });
    }
    child.stdout.destroy();
    if (child.pid === undefined) throw new Error("a running chain has no pid");
    return { url: `http://127.0.0.1:${port}/`, pid: child.pid, stop: async () => stopChild(child) };
  }
};
