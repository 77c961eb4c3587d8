import { type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { CodedError } from "@crossguardian/kernel";

import { type ChainKind, type ChainOptions, checkChainOptions } from "../chain-options.ts";
import { askRpc } from "./ask-rpc.ts";
import { chainProgram } from "./chain-program.ts";
import { freePort } from "./free-port.ts";
import { spawnBound, stopChild } from "./spawn-bound.ts";

const START_DEADLINE_MS = 20_000;
const ASK_TIMEOUT_MS = 2_000;
const ASK_EVERY_MS = 25;
const START_ATTEMPTS = 3;

/** A development chain that answers. */
export type DevChain = {
  readonly kind: ChainKind;
  readonly chainId: number;
  readonly url: string;
  readonly wsUrl: string;
  readonly pid: number;
  /** Ends the process and waits until it is gone. */
  readonly stop: () => Promise<void>;
};

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

const answers = async (child: ChildProcess, url: string, chainId: number): Promise<void> => {
  const until = performance.now() + START_DEADLINE_MS;
  while (performance.now() < until) {
    if (hasEnded(child)) {
      throw new CodedError("devnet.chain.failed", { chainId, exit: child.exitCode ?? "no code" });
    }
    const said = await askRpc(url, "eth_chainId", [], ASK_TIMEOUT_MS).catch(() => null);
    // Another program may have taken the port meanwhile: only the wanted chain counts, and only while ours lives.
    if (said === `0x${chainId.toString(16)}` && !hasEnded(child)) return;
    await sleep(ASK_EVERY_MS);
  }
  throw new CodedError("devnet.chain.silent", { chainId, deadlineMs: START_DEADLINE_MS });
};

/**
 * Starts anvil or Ganache on 127.0.0.1 and waits until it answers.
 * The process dies with this one unless `outlive` is set.
 * Errors: devnet.option.bad, devnet.anvil.missing, devnet.chain.failed, devnet.chain.silent.
 */
export const startChain = async (options: ChainOptions): Promise<DevChain> => {
  const checked = checkChainOptions(options);
  for (let attempt = 1; ; attempt += 1) {
    const port = checked.port ?? (await freePort());
    const url = `http://127.0.0.1:${port}`;
    const log = checked.logFile === undefined ? null : openSync(checked.logFile, "a", 0o600);
    const output = log ?? "ignore";
    const child = spawnBound({
      ...chainProgram(checked, port),
      stdio: ["ignore", output, output],
      outlive: checked.outlive,
      // Both keep a temporary folder and remove it only when they are asked to end.
      deathSignal: "TERM",
    });
    child.once("error", () => undefined); // a program that cannot start has no pid, seen in `answers`
    if (log !== null) closeSync(log);
    try {
      await answers(child, url, checked.chainId);
    } catch (failed) {
      await stopChild(child);
      const lostPort = failed instanceof CodedError && failed.code === "devnet.chain.failed";
      if (lostPort && checked.port === undefined && attempt < START_ATTEMPTS) continue;
      throw failed;
    }
    if (child.pid === undefined) throw new Error("a running chain has no pid");
    return {
      kind: checked.kind,
      chainId: checked.chainId,
      url,
      wsUrl: `ws://127.0.0.1:${port}`,
      pid: child.pid,
      stop: async () => stopChild(child),
    };
  }
};
