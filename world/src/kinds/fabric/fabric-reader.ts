import { to0x, utf8 } from "@crossguardian/kernel";
import { decodeFabricBlock, decodeGatewayEvent, type FabricLog, isGatewayTopic, peekFabricEvents, readFabricFields } from "@crossguardian/proof";
import { type GrpcConnection, seekRequest } from "@crossguardian/plugin-fabric-blocks";
import { type Crypto } from "@crossguardian/crypto";
import { type Hex } from "viem";

import { type AssetEffect, type TransferEvent } from "../../oracle/chain-facts.ts";
import { type FabricClient } from "./fabric-client.ts";

/** What happened in one block. */
type BlockFacts = { readonly events: readonly TransferEvent[]; readonly effects: readonly AssetEffect[] };

/** Reads a channel's blocks once each, as an oracle that asks no domain of a gateway. */
export type FabricReader = {
  readonly head: () => Promise<bigint>;
  /** Height of the newest block, without reading those before it. */
  readonly tip: () => Promise<bigint>;
  readonly between: <K extends keyof BlockFacts>(what: K, from: bigint, to: bigint) => Promise<readonly BlockFacts[K][number][]>;
};

const DELIVER = "/protos.Deliver/Deliver";
const CODE_VALID = 0;
const MOVED = ["Minted(bytes32,uint64,address,uint256)", "Released(bytes32,uint64,address,uint256)"];
const WORD = 32;
const NAMES = { request: "Request", receipt: "Receipt", settled: "Settled" } as const;

const txIdOf = (envelope: Uint8Array): Hex => {
  const payload = readFabricFields(readFabricFields(envelope, "envelope").bytes(1), "payload");
  return `0x${readFabricFields(readFabricFields(payload.bytes(1), "header").bytes(1), "channel header").text(5)}`;
};

const numberIn = (word: Uint8Array): bigint => BigInt(to0x(word.subarray(0, WORD)));

const blockIn = (message: Uint8Array): Uint8Array | null => {
  const [block] = readFabricFields(message, "deliver response").all(2);
  return block ?? null;
};

/** Opens a reader of the blocks from `first` on. */
export const openFabricReader = (crypto: Pick<Crypto, "sha256" | "keccak256">, client: FabricClient, place: { readonly channel: string; readonly chaincode: string }, first = 1n): FabricReader => {
  const known = new Map<bigint, BlockFacts>();
  const moved = new Set(MOVED.map((each) => to0x(crypto.keccak256(utf8(each)))));
  let next = first;
  let reading: { readonly connection: GrpcConnection; tip: bigint } | null = null;

  const eventOf = (log: FabricLog, block: bigint, transaction: Hex): TransferEvent[] => {
    if (log.topics[0] === undefined || !isGatewayTopic(log.topics[0])) return [];
    const decoded = decodeGatewayEvent({ ...log, address: new Uint8Array(WORD) });
    if (!decoded.ok) return [];
    const event = decoded.value;
    return [{
      event: NAMES[event.type], from: to0x(event.fromKey), to: to0x(event.toKey), index: event.index,
      status: event.type === "request" ? 0 : event.status, timeoutMs: event.type === "request" ? event.timeoutMs : 0n, block, transaction, seenAtMs: Date.now(),
    }];
  };

  const take = (bytes: Uint8Array): bigint => {
    const block = decodeFabricBlock(crypto, bytes);
    if (block.height !== next) return block.height;
    const events: TransferEvent[] = [];
    const effects: AssetEffect[] = [];
    for (const [tx, envelope] of block.data.entries()) {
      if (block.codes[tx] !== CODE_VALID) continue;
      for (const log of peekFabricEvents(envelope, place)) {
        events.push(...eventOf(log, block.height, txIdOf(envelope)));
        const [topic, from] = log.topics;
        if (topic !== undefined && from !== undefined && moved.has(to0x(topic))) effects.push({ from: to0x(from), index: numberIn(log.data) });
      }
    }
    known.set(block.height, { events, effects });
    next += 1n;
    return block.height;
  };

  /** Height of the newest block, asked of the peer. */
  const askTip = async (connection: GrpcConnection): Promise<bigint> =>
    new Promise((resolve, reject) => {
      const stream = connection.stream(
        DELIVER,
        seekRequest(client.identity, place.channel, "newest", BigInt(Math.floor(Date.now() / 1000))),
        (message) => {
          const block = blockIn(message);
          if (block === null) return;
          resolve(decodeFabricBlock(crypto, block).height);
          stream.cancel();
        },
        (why) => reject(new Error(`the peer ended the stream: ${why.message}`)),
      );
    });

  const isReading = (connection: GrpcConnection): boolean => reading !== null && reading.connection === connection;
  let arrived: (() => void)[] = [];
  const follow = async (connection: GrpcConnection): Promise<void> => {
    const tip = await askTip(connection);
    if (!isReading(connection)) {
      const mine = { connection, tip };
      reading = mine;
      connection.stream(
        DELIVER,
        seekRequest(client.identity, place.channel, next, BigInt(Math.floor(Date.now() / 1000))),
        (message) => {
          const block = blockIn(message);
          if (block === null) return;
          take(block);
          for (const each of arrived.splice(0)) each();
        },
        () => {
          if (reading === mine) reading = null;
          for (const each of arrived.splice(0)) each();
        },
      );
    }
    while (next <= tip && isReading(connection)) await new Promise<void>((resolve) => arrived.push(resolve));
    arrived = [];
  };

  return {
    head: async () =>
      client.use(async (connection) => {
        await follow(connection);
        return next - 1n;
      }),
    tip: async () => client.use(askTip),
    between: async (what, from, to) => {
      if (to >= next) await client.use(follow);
      const found = [];
      for (let height = from < 1n ? 1n : from; height <= to; height += 1n) found.push(...(known.get(height)?.[what] ?? []));
      return found;
    },
  };
};
