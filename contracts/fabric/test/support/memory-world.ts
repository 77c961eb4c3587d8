import { makeOrganization } from "@crossguardian/fabric-devnet";
import { compareBytes, toHex, utf8 } from "@crossguardian/kernel";
import { wordOf } from "@crossguardian/protocol";
import { type TwinWorld } from "@crossguardian/testkit";
import { type GatewayTerms } from "../../src/gateway/terms.ts";
import { crypto, encodeTerms, govern, makeMemoryChannel, type MemoryChannel, type SideKeys, twinOf } from "./memory-side.ts";

const key = (seed: string): Uint8Array => crypto.keccak256(utf8(seed));
export const validatorKeys = [0, 1, 2, 3].map((each) => key(`validator ${each}`));
export const relayGenesis = key("relay of the tests");
export const sideKeys: SideKeys = { governors: [0, 1, 2].map((each) => key(`governor ${each}`)), pauser: key("pauser") };
export const user = makeOrganization("Org1MSP").member("admin", "client");

export const termsOf = (name: string, id: number): GatewayTerms => ({
  relayGenesis,
  chain: wordOf(id),
  contract: key(`contract ${name}`),
  governors: sideKeys.governors.map((each) => crypto.secp256k1.address(each)),
  governanceThreshold: 2,
  pauser: crypto.secp256k1.address(sideKeys.pauser),
  validators: validatorKeys.map((each) => crypto.secp256k1.address(each)).sort(compareBytes),
  threshold: 3,
  minTimeoutMs: 1_000n,
  maxTimeoutMs: 3_600_000n,
  window: 300,
  maxResultBytes: 512,
});

export const idsOf = (name: string) => ({ vault: `1:${name}:vault`, data: `1:${name}:data` });

const introduce = async (channel: MemoryChannel, terms: GatewayTerms, own: string, other: string, peer: GatewayTerms): Promise<void> => {
  const word = (bytes: Uint8Array): string => toHex(bytes);
  const calls: unknown[][] = [];
  for (const [service, isAsset] of [["vault", true], ["data", false]] as const) {
    const [near, far] = [idsOf(own)[service], idsOf(other)[service]];
    calls.push(["registerLocalService", near, service, false, isAsset], ["registerRemoteService", far, word(peer.chain), word(peer.contract)]);
    calls.push(["allowPair", word(key(near)), word(key(far))], ["allowPair", word(key(far)), word(key(near))]);
  }
  await govern(channel, terms, sideKeys, calls.map((each) => JSON.stringify(each)));
  await channel.call("vault:listPeer", [word(key(idsOf(other).vault))]);
  await channel.call("data:listPeer", [word(key(idsOf(other).data))]);
};

/** Two channels in memory. */
export const makeMemoryWorld = async (isTogether = false): Promise<TwinWorld & { readonly channels: readonly [MemoryChannel, MemoryChannel] }> => {
  const [termsA, termsB] = [termsOf("a", 41), termsOf("b", 42)];
  const channels = [makeMemoryChannel(user), makeMemoryChannel(user)] as const;
  await channels[0].call("gateway:initialise", [encodeTerms(termsA)]);
  await channels[1].call("gateway:initialise", [encodeTerms(termsB)]);
  await introduce(channels[0], termsA, "a", "b", termsB);
  await introduce(channels[1], termsB, "b", "a", termsA);
  const [a, b] = [twinOf(channels[0], termsA, sideKeys, idsOf("a"), user, isTogether), twinOf(channels[1], termsB, sideKeys, idsOf("b"), user, isTogether)];
  for (const channel of channels) await channel.call("vault:mintHome", [toHex(a.user), (10n ** 24n).toString()]);
  const states = channels.map((each) => each.snapshot());
  return {
    a,
    b,
    relayGenesis,
    validatorKeys,
    crypto,
    channels,
    reset: async () => {
      for (const [at, each] of channels.entries()) each.restore(states[at] ?? new Map());
      await Promise.resolve();
    },
    stop: async () => Promise.resolve(),
  };
};
