import { type Clock } from "@crossguardian/kernel";
import { makeCrypto } from "@crossguardian/crypto";

/** The machine's clock. */
export const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

export const crypto = await makeCrypto();

/** One call to a node, outside the plugin. */
export const askNode = async (url: string, method: string, params: readonly unknown[] = []): Promise<any> => {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = (await answer.json()) as { result?: unknown; error?: { message: string } };
  if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  return result;
};

/** Waits until it holds, at most 15 s. */
export const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const end = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it did not come to hold: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
