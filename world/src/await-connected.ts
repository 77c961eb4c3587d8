import { CodedError } from "@crossguardian/kernel";

import { type House } from "./house-process.ts";

const DEADLINE_MS = 90_000;
const ASK_EVERY_MS = 100;

const isConnected = async (house: House): Promise<boolean> => {
  const [relay, interaction] = await Promise.all(
    ["relay", "interaction"].map(async (domain) => house.ask(domain, "status", "").catch(() => null)),
  );
  const linked = (relay as { readonly connected?: boolean } | null)?.connected === true;
  const { chains } = (interaction ?? {}) as { readonly chains?: readonly { readonly caughtUp: boolean }[] };
  return linked && (chains ?? []).length > 0 && (chains ?? []).every((chain) => chain.caughtUp);
};

/** Waits until every gateway has its relay chain and is at the tip of its chains. @param pace of the world @throws cli.house.silent */
export const awaitConnected = async (houses: ReadonlyMap<string, House>, pace = 1): Promise<void> => {
  const deadlineMs = DEADLINE_MS * pace;
  const until = performance.now() + deadlineMs;
  for (const [name, house] of houses) {
    if (name === "relay") continue;
    while (!(await isConnected(house))) {
      if (performance.now() > until) throw new CodedError("cli.house.silent", { house: name, waitedMs: deadlineMs, wanted: "relay chain and chains" });
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  }
};
