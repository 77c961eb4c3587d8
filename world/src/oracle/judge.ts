import { to0x } from "@crossguardian/kernel";

import { type World } from "../open-world.ts";
import { vaultOf } from "../world.ts";
import { countAssetEffects, readSupply } from "./assets.ts";
import { type Follower, makeFollower } from "./follow-chains.ts";

/** What the chains show, and nothing else: no gateway's book was asked. */
export type Verdict = {
  readonly requests: number;
  readonly committed: number;
  readonly rolledBack: number;
  /** Requests without a Settled event, and settled ones whose destination does not say the same. */
  readonly lost: number;
  /** Second receipts, second settlements, second asset effects, supply that does not match what is locked. */
  readonly duplicated: number;
  /** What is wrong, in words. */
  readonly complaints: readonly string[];
};

const SUCCESS = 3;
const MAX_COMPLAINTS = 20;

/** A follower over all chains of a world. */
export const followWorld = (world: World): Follower => makeFollower([...world.access.values()]);

/** Decides from the chains alone whether every transfer ended exactly once. */
export const judgeWorld = async (world: World): Promise<Verdict> => {
  const follower = followWorld(world);
  await follower.poll();
  const effects = await countAssetEffects(world);
  const vaultKeys = new Set([...world.chains.keys()].map((chain) => to0x(world.hashes.serviceKey(vaultOf(chain)))));
  const complaints: string[] = [];
  let committed = 0;
  let rolledBack = 0;
  let lost = 0;
  let duplicated = 0;
  for (const [key, request] of follower.requests) {
    const settled = follower.settled.get(key) ?? [];
    const receipts = follower.receipts.get(key) ?? [];
    const [first] = settled;
    if (first === undefined) {
      lost += 1;
      complaints.push(`${key} was never settled on ${request.chain}`);
    } else if (receipts[0]?.status !== first.status) {
      lost += 1;
      complaints.push(`${key} settled with ${first.status}, destination says ${receipts[0]?.status ?? "nothing"}`);
    } else if (first.status === SUCCESS) committed += 1;
    else rolledBack += 1;
    if (settled.length > 1 || receipts.length > 1) {
      duplicated += 1;
      complaints.push(`${key} has ${settled.length} settlements and ${receipts.length} receipts`);
    }
    if (vaultKeys.has(request.to)) {
      const wanted = receipts[0]?.status === SUCCESS ? 1 : 0;
      const found = effects.get(key) ?? 0;
      if (found > wanted) duplicated += 1;
      if (found < wanted) lost += 1;
      if (found !== wanted) complaints.push(`${key} moved assets ${found} times, wanted ${wanted}`);
    }
  }
  for (const key of follower.receipts.keys()) {
    if (!follower.requests.has(key)) {
      duplicated += 1;
      complaints.push(`${key} was executed but never requested`);
    }
  }
  if (lost === 0) {
    for (const { chain, peer, locked, circulating } of await readSupply(world)) {
      if (locked === circulating) continue;
      duplicated += 1;
      complaints.push(`chain ${chain} holds ${locked} for ${peer}, where ${circulating} circulate`);
    }
  }
  return { requests: follower.requests.size, committed, rolledBack, lost, duplicated, complaints: complaints.slice(0, MAX_COMPLAINTS) };
};
