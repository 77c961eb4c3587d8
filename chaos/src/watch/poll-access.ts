import { type ChainAccess, transferKey } from "@crossguardian/world";

import { type SeenEvent } from "./seen-event.ts";

/** Reads a chain whose blocks are final as soon as they are there, each once, by the interfaces that its users have. */
export const pollAccess = (access: Pick<ChainAccess, "name" | "head" | "events">, add: (event: SeenEvent) => void): (() => Promise<void>) => {
  let next = 1n;
  return async () => {
    const head = await access.head();
    if (head < next) return;
    const events = await access.events(next, head);
    next = head + 1n;
    for (const event of events) {
      const { from, to, index, status, block, transaction } = event;
      add({ name: event.event, chain: access.name, key: transferKey(event), from, to, index, status, block: Number(block), transaction, atMs: performance.now() });
    }
  };
};
