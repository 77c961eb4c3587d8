import { type ChainAccess } from "@crossguardian/world";

import { type CountSent, type Lane, type LoadKind, makeTurns } from "./lane.ts";

/** One user of a chain of another kind sends all, each transaction after the one before is committed: they would race for the same keys. */
export const accessLane = (access: ChainAccess, sent: CountSent): Lane => {
  const sender = access.sender(0);
  const inTurn = makeTurns();
  const { data } = sender;
  const send = async (kind: LoadKind, transact: () => Promise<string>): Promise<void> =>
    inTurn(async () => {
      await transact();
      sent(kind, 1);
    });
  return {
    assets: async (kind, peers, timeoutMs) => {
      for (const peer of peers) await send(kind, async () => sender.asset(peer, timeoutMs));
    },
    get: async (kind, peer, bodyHash, timeoutMs) => (data === null ? undefined : send(kind, async () => data.get(peer, bodyHash, timeoutMs))),
    fail: async (kind, peer, timeoutMs) => (data === null ? undefined : send(kind, async () => data.call(peer, "explode", "weather", timeoutMs))),
  };
};
