import { type Crypto } from "@crossguardian/crypto";
import { fromHex, toHex, utf8 } from "@crossguardian/kernel";
import { type Hashes } from "@crossguardian/protocol";
import { type DevAccount } from "@crossguardian/devnet";
import { channelOf } from "@crossguardian/plugin-fabric-blocks";
import { type Hex } from "viem";

import { type ChainPlan, dataOf, vaultOf } from "../../world.ts";
import { type ChainAccess, type ChainSender } from "../chain-access.ts";
import { openFabricClient } from "./fabric-client.ts";
import { decodeFabricUsers } from "./fabric-places.ts";
import { openFabricReader } from "./fabric-reader.ts";

const AMOUNT = 10n ** 18n;
const decoder = new TextDecoder();

/** Opens a Fabric channel to users and the oracle. */
export const openFabricAccess = (powers: { readonly crypto: Crypto; readonly hashes: Hashes }, plan: ChainPlan, evmUsers: readonly DevAccount[]): ChainAccess => {
  const users = decodeFabricUsers(plan.foreign?.userSettings);
  const place = channelOf(plan.foreign?.terms ?? new Uint8Array(0));
  const reading = openFabricClient(users, 0, place);
  const reader = openFabricReader(powers.crypto, reading, place, BigInt(plan.deployHeight ?? 1));
  const keyOf = (id: string): string => toHex(powers.hashes.serviceKey(id));
  const number = async (name: string, peer: string): Promise<bigint> => BigInt(decoder.decode(await reading.evaluate(name, [keyOf(vaultOf(peer))])));

  const sender = (lane: number): ChainSender => {
    const client = openFabricClient(users, lane, place);
    const [receiver] = evmUsers;
    if (receiver === undefined) throw new Error("no user account");
    const send = async (name: string, args: readonly string[]): Promise<Hex> => `0x${await client.submit(name, args)}`;
    const lock = async (to: string, timeoutMs: bigint): Promise<Hex> =>
      send("vault:lock", [keyOf(vaultOf(to)), toHex(fromHex(receiver.address)), AMOUNT.toString(), timeoutMs.toString()]);
    return {
      asset: lock,
      refusedAsset: null,
      data: {
        get: async (to, bodyHash, timeoutMs) => send("data:get", [keyOf(dataOf(to)), toHex(bodyHash), timeoutMs.toString()]),
        call: async (to, func, key, timeoutMs) => send("data:callPublic", [keyOf(dataOf(to)), func, toHex(utf8(key)), timeoutMs.toString()]),
      },
    };
  };

  return {
    name: plan.name,
    kind: "fabric",
    head: reader.head,
    events: async (from, to) => reader.between("events", from, to),
    effects: async (from, to) => reader.between("effects", from, to),
    supply: async (peer) => ({ locked: await number("vault:lockedFor", peer), circulating: await number("vault:totalSupply", peer) }),
    sender,
  };
};
