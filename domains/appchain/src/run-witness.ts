import { makeCrypto } from "@crossguardian/crypto";
import { CodedError } from "@crossguardian/kernel";
import { type DomainPowers } from "@crossguardian/frontend";
import { type ChainPackage } from "@crossguardian/plugin-kit";
import { type WitnessConfig } from "@crossguardian/protocol";
import { tlsNameOf } from "@crossguardian/wire";

const INTERACTION = "interaction";

/**
 * Runs a header witness: its own endpoint, headers at finality depth to the interaction domain (protocol, witness rule).
 * @throws appchain.chain.kind, evm.config.endpoint
 */
export const runWitness = async (powers: DomainPowers, config: WitnessConfig, chainPackage: ChainPackage): Promise<void> => {
  const { channel, streams, clock, log } = powers;
  if (config.kind !== chainPackage.kind) throw new CodedError("appchain.chain.kind", { kind: config.kind });
  const { chain } = config;
  const crypto = await makeCrypto();
  let tip = 0n;
  let reported = 0n;
  let unsent: bigint | null = null;

  const follower = chainPackage.makeHeaderFollower({
    connect: () => streams.connect(config.endpoint.name),
    tlsMin: tlsNameOf(powers.security.tlsMin),
    endpoint: config.endpoint,
    depth: config.depth,
    from: null,
    genesisHash: config.genesisHash,
    terms: config.terms,
    settings: config.settings,
    crypto,
    clock,
    log,
    pollMs: config.pollMs,
    onHeaders: (headers, newTip) => {
      tip = newTip;
      const first = headers[0];
      if (unsent !== null) return;
      if (channel.send(INTERACTION, "headerReport", { chain, tip, headers })) reported = headers.at(-1)?.height ?? reported;
      else unsent = first?.height ?? null;
    },
  });

  channel.onDrain(() => {
    if (unsent === null) return;
    const from = unsent;
    unsent = null;
    follower.setFrom(from);
  });
  channel.onPeer((peer, up) => {
    if (peer === INTERACTION && up && tip > 0n) channel.send(INTERACTION, "headerReport", { chain, tip, headers: [] });
  });
  channel.on("wantHeaders", (from, want) => {
    if (from !== INTERACTION || want.chain !== chain) return;
    unsent = null;
    follower.setFrom(want.from);
  });
  powers.gauge("tip", () => Number(tip));
  powers.gauge("reported", () => Number(reported));
  powers.gauge("up", () => (follower.isUp() ? 1 : 0));
  powers.gauge("waits.headers", () => (follower.waits() || unsent !== null ? 1 : 0));
  powers.onStop(follower.stop);
};
