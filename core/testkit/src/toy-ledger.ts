import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";

import { toHex } from "@crossguardian/kernel";
import { encodeLedgerHeader, ledgerBlockHash, ledgerEventsTree, LEDGER_EVENT, ledgerEvent, type LedgerEvent } from "@crossguardian/proof";
import { encodeMessage } from "@crossguardian/wire";

const ZERO = new Uint8Array(32);
const SETTLED_STATUS = 3;

/** sha256 for ledgers and their plugins under test. */
export const toySha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

type ToyBlock = { readonly header: Uint8Array; readonly events: readonly Uint8Array[] };

/** A ledger in memory that a plugin can be tried on: blocks when it is told to, events that say "settled". */
export type ToyLedger = {
  readonly port: number;
  readonly genesisHash: Uint8Array;
  readonly height: () => bigint;
  /** Adds a block with these events. */
  readonly add: (events: readonly LedgerEvent[]) => void;
  readonly stop: () => Promise<void>;
};

/** An event of the ledger's gateway contract with this index; everything else about it is fixed. */
export const toyEvent = (emitter: Uint8Array, index: bigint): LedgerEvent => ({
  type: LEDGER_EVENT.settled, emitter, fromKey: new Uint8Array(32).fill(7), toKey: new Uint8Array(32).fill(9), index,
  requestHash: ZERO, bodyHash: ZERO, timeoutMs: 0n, priority: 0, isPrivate: false, func: "", args: [], status: SETTLED_STATUS, result: new Uint8Array(0),
});

/** Starts a ledger on 127.0.0.1 that answers GET /tip and GET /blocks/N. */
export const startToyLedger = async (): Promise<ToyLedger> => {
  const blocks: ToyBlock[] = [];
  const add = (events: readonly LedgerEvent[]): void => {
    const encoded = events.map((event) => encodeMessage(ledgerEvent, event));
    const parent = blocks.at(-1);
    const header = encodeLedgerHeader({
      height: BigInt(blocks.length),
      parentHash: parent === undefined ? ZERO : ledgerBlockHash(toySha256, parent.header),
      timestampS: BigInt(Math.floor(Date.now() / 1_000)),
      eventsRoot: ledgerEventsTree(toySha256, encoded).root,
    });
    blocks.push({ header, events: encoded });
  };
  add([]);
  const server = createServer((asked, answer) => {
    const height = /^\/blocks\/(\d{1,15})$/u.exec(asked.url ?? "")?.[1];
    const block = height === undefined ? undefined : blocks[Number(height)];
    if (asked.url === "/tip") answer.end(JSON.stringify({ height: blocks.length - 1 }));
    else if (block !== undefined) answer.end(JSON.stringify({ header: toHex(block.header), events: block.events.map(toHex) }));
    else {
      answer.statusCode = 404;
      answer.end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const [genesis] = blocks;
  return {
    port: (server.address() as AddressInfo).port,
    genesisHash: ledgerBlockHash(toySha256, genesis?.header ?? ZERO),
    height: () => BigInt(blocks.length - 1),
    add,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
