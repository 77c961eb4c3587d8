import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { CodedError, toHex } from "@crossguardian/kernel";
import { encodeMessage } from "@crossguardian/wire";

import { type LedgerTerms, ledgerTerms } from "../ledger/ledger-terms.ts";
import { freePort } from "./free-port.ts";
import { spawnBound, stopChild } from "./spawn-bound.ts";

const MAIN = fileURLToPath(new URL("../ledger-main.ts", import.meta.url));
const START_DEADLINE_MS = 60_000;
const DEFAULT_BLOCK_TIME_MS = 500;

/** A development ledger that answers. */
export type DevLedger = { readonly url: string; readonly pid: number; readonly stop: () => Promise<void> };

/** Others write what the transfers with one peer write: the peer's service, and with which probability each entry of it loses against them. */
export type LedgerContention = { readonly service: string; readonly loss: number };

/** Starts a plain ledger with a gateway contract on 127.0.0.1, in a process of its own that dies with this one unless `outlive` is set. @throws devnet.chain.failed, devnet.chain.silent */
export const startLedger = async (options: { readonly terms: LedgerTerms; readonly blockTimeMs: number | null; readonly outlive?: boolean; readonly contended?: LedgerContention }): Promise<DevLedger> => {
  const port = await freePort();
  const child = spawnBound({
    command: process.execPath,
    args: [MAIN, JSON.stringify({ port, blockTimeMs: options.blockTimeMs ?? DEFAULT_BLOCK_TIME_MS, terms: toHex(encodeMessage(ledgerTerms, options.terms)), contended: options.contended ?? null })],
    stdio: ["ignore", "pipe", "ignore"],
    outlive: options.outlive ?? false,
    deathSignal: "TERM",
  });
  const late = AbortSignal.timeout(START_DEADLINE_MS);
  try {
    if (child.stdout === null || child.pid === undefined) throw new Error("no process");
    const ended = once(child, "exit", { signal: late }).then(([code]) => {
      throw new CodedError("devnet.chain.failed", { chainId: 0, exit: String(code) });
    });
    ended.catch(() => undefined);
    await Promise.race([once(child.stdout, "data", { signal: late }), ended]);
    child.stdout.destroy();
    return { url: `http://127.0.0.1:${port}/`, pid: child.pid, stop: async () => stopChild(child) };
  } catch (error) {
    await stopChild(child);
    throw error instanceof CodedError ? error : new CodedError("devnet.chain.silent", { chainId: 0, deadlineMs: START_DEADLINE_MS }, { cause: error });
  }
};
