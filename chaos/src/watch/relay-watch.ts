import { toHex } from "@crossguardian/kernel";
import { type EntryFacts } from "@crossguardian/wire";
import { connectOrderer, ordererHostOf, type OrdererClient, type World } from "@crossguardian/world";

/** One entry of the relay chain's log. */
export type RelayEntry = { readonly height: bigint; readonly position: number; readonly facts: EntryFacts; readonly tickMs: bigint; readonly atMs: number };

/** Blocks of the relay chain as they were certified while something watched. */
export type RelayWatch = {
  /** By height: previous block's hash and entries' root, which name a block. */
  readonly blocks: ReadonlyMap<bigint, string>;
  readonly onEntry: (listener: (entry: RelayEntry) => void) => () => void;
  readonly stop: () => Promise<void>;
};

const QUIET_MS = 60_000;
const RECONNECT_MS = 100;

/** What of a header names its block among others of the same height. */
export const blockName = (header: { readonly epoch: bigint; readonly prevHash: Uint8Array; readonly entriesRoot: Uint8Array; readonly tickMs: bigint }): string =>
  `${header.epoch.toString()}/${toHex(header.prevHash)}/${toHex(header.entriesRoot)}/${header.tickMs.toString()}`;

/** Reads blocks as they come to a gateway of a name; ends with an error of the connection, or when it is closed. */
const readOn = async (client: OrdererClient, from: bigint, take: (height: bigint, name: string, entries: readonly RelayEntry[]) => void, quietMs: number): Promise<void> => {
  client.send("wantBlocks", { from });
  for (;;) {
    const { attestation, entries } = await client.next("block", quietMs);
    const { header } = attestation;
    const atMs = performance.now();
    take(header.height, blockName(header), entries.map(({ position, facts }) => ({ height: header.height, position, facts, tickMs: header.tickMs, atMs })));
  }
};

/** Follows the relay chain through every restart of its orderer. */
export const watchRelay = (world: World): RelayWatch => {
  const blocks = new Map<bigint, string>();
  const listeners = new Set<(entry: RelayEntry) => void>();
  const clients = new Set<OrdererClient>();
  let isStopped = false;
  const loops = world.topology.gateways.map(async ({ name }) => {
    let next = 1n;
    while (!isStopped) {
      try {
        const client = await connectOrderer(world.terms.ordererPort, 1, name, ordererHostOf(world.terms));
        clients.add(client);
        try {
          await readOn(client, next, (height, block, entries) => {
            next = height + 1n;
            blocks.set(height, blocks.get(height) ?? block);
            for (const entry of entries) for (const listener of listeners) listener(entry);
          }, QUIET_MS);
        } finally {
          clients.delete(client);
          client.close();
        }
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS)); // the orderer is being hit: on from the same height
      }
    }
  });
  return {
    blocks,
    onEntry: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: async () => {
      isStopped = true;
      for (const client of clients) client.close();
      await Promise.all(loops);
    },
  };
};

/** The relay chain's whole log: names of blocks by height and every entry that concerns a chain, once. */
export type RelayLog = { readonly blocks: ReadonlyMap<bigint, string>; readonly entries: readonly RelayEntry[] };

const END_QUIET_MS = 2_000;

/** Reads the log from its first block until nothing more comes. @throws cli.orderer.silent when not even one block comes */
export const readRelayLog = async (world: World): Promise<RelayLog> => {
  const blocks = new Map<bigint, string>();
  const entries = new Map<string, RelayEntry>();
  for (const { name } of world.topology.gateways) {
    const client = await connectOrderer(world.terms.ordererPort, 1, name, ordererHostOf(world.terms));
    try {
      await readOn(client, 1n, (height, block, some) => {
        blocks.set(height, block);
        for (const entry of some) entries.set(`${height.toString()}/${entry.position}`, entry);
      }, END_QUIET_MS);
    } catch (error) {
      if (blocks.size === 0) throw error;
    } finally {
      client.close();
    }
  }
  return { blocks, entries: [...entries.values()] };
};
