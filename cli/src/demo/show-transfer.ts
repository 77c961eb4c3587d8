import { cidText, decodeBxh, paperView } from "@crossguardian/wire";

import { connectOrderer, type World } from "@crossguardian/world";

/** A transfer as the relay chain keeps it: its content id and the paper's JSON view of its bxh transaction. */
export type StoredTransfer = { readonly id: string; readonly cid: string; readonly bxh: unknown };

const REQUEST = 1;
const MAX_BLOCKS_READ = 500;

/** Reads the relay chain's blocks as a client and returns the first request of `from` to `to`. */
export const readStoredTransfer = async (
  world: World,
  gateway: string,
  wanted: (from: string, to: string) => boolean,
): Promise<StoredTransfer | null> => {
  const client = await connectOrderer(world.terms.ordererPort, 1, gateway);
  try {
    client.send("wantBlocks", { from: 1n });
    for (let read = 0; read < MAX_BLOCKS_READ; read += 1) {
      const block = await client.next("block");
      for (const entry of block.entries) {
        if (entry.facts.kind !== REQUEST || entry.body.length === 0) continue;
        if (!wanted(entry.facts.from, entry.facts.to)) continue;
        const id = `${entry.facts.from}-${entry.facts.to}-${entry.facts.index.toString()}`;
        const bxh = decodeBxh(entry.body);
        if (bxh.ok) return { id, cid: cidText(entry.cid), bxh: paperView(bxh.value, { currency: "TOKEN" }) };
      }
    }
    return null;
  } finally {
    client.close();
  }
};
