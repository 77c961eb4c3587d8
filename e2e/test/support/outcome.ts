import { followWorld, transferKey, type TransferEvent, type World } from "@crossguardian/world";

/** What both chains say about one transfer. */
export type Outcome = {
  readonly request: TransferEvent & { readonly chain: string };
  readonly receipts: readonly TransferEvent[];
  readonly settled: readonly TransferEvent[];
};

/** Statuses of receipts and settlements, as BitXHub numbers them. */
export const STATUS = { success: 3, failure: 4, rollback: 5 } as const;
const POLL_MS = 100;

/** The transfer that a transaction requested, as the chains show it now; null before the request is mined. */
export const outcomeNow = async (world: World, transaction: string): Promise<Outcome | null> => {
  const follower = followWorld(world);
  await follower.poll();
  const request = [...follower.requests.values()].find((each) => each.transaction === transaction);
  if (request === undefined) return null;
  const key = transferKey(request);
  return { request, receipts: follower.receipts.get(key) ?? [], settled: follower.settled.get(key) ?? [] };
};

/** Waits until the transfer of a transaction is settled on its source. @throws after the deadline, saying how far it came */
export const awaitOutcome = async (world: World, transaction: string, deadlineMs: number): Promise<Outcome> => {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const outcome = await outcomeNow(world, transaction);
    if (outcome !== null && outcome.settled.length > 0) return outcome;
    if (performance.now() > end) {
      throw new Error(`waited ${deadlineMs} ms for ${transaction} to settle: ${outcome === null ? "not mined" : `${outcome.receipts.length} receipts`}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};
