import { type Message } from "@crossguardian/wire";
import { connectOrderer, type World } from "@crossguardian/world";

/** A certified block with all its leaves and the entries that concern one gateway. */
export type Block = Message<"block">;

const QUIET_MS = 1_500;

/** Every block of the relay chain from a height on, as a gateway of this name is sent them; nothing of the gateway is asked. */
export const readBlocks = async (world: World, gateway: string, from = 1n): Promise<readonly Block[]> => {
  const client = await connectOrderer(world.terms.ordererPort, 1, gateway);
  const blocks: Block[] = [];
  try {
    client.send("wantBlocks", { from });
    for (;;) blocks.push(await client.next("block", QUIET_MS));
  } catch {
    return blocks; // the orderer has nothing more to say
  } finally {
    client.close();
  }
};

/** Bodies that the orderer has under these content ids; empty where it has none. */
export const askBodies = async (world: World, cids: readonly Uint8Array[]): Promise<readonly Uint8Array[]> => {
  const client = await connectOrderer(world.terms.ordererPort, 1, world.topology.gateways[1]?.name ?? "");
  try {
    client.send("wantBodies", { cids });
    return (await client.next("bodies")).bodies.map(({ body }) => body);
  } finally {
    client.close();
  }
};
