import { makeCrypto } from "@crossguardian/crypto";
import { runDomain } from "@crossguardian/frontend";
import { relayDomainConfig } from "@crossguardian/protocol";
import { makeOpenLink } from "./adapters/stream-link.ts";
import { INTERACTION, makeRelayDomain } from "./relay-domain.ts";

await runDomain({
  configCodec: relayDomainConfig,
  warm: async () => {
    await makeCrypto();
  },
  run: async (powers, config) => {
    const { channel, clock, log } = powers;
    const { keccak256, sha256 } = await makeCrypto();
    const relay = makeRelayDomain(
      {
        clock,
        log,
        keccak256,
        sha256,
        openLink: makeOpenLink(powers.streams.connect),
        sendAck: (message) => channel.send(INTERACTION, "publishAck", message),
        sendBlock: (message) => channel.send(INTERACTION, "block", message),
        sendEncodedBlock: (kind, payload) => channel.sendEncoded(INTERACTION, kind, payload),
      },
      config,
    );
    channel.on("publish", (_from, message, payload) => relay.onPublish(message, payload));
    channel.on("wantBlocks", (_from, { from }) => relay.onWantBlocks(from));
    channel.onPeer((peer, up) => {
      if (peer === INTERACTION) relay.onInteraction(up);
    });
    channel.onDrain(relay.onDrain);
    powers.gauge("connected", () => (relay.isConnected() ? 1 : 0));
    powers.gauge("batches", relay.batches);
    powers.gauge("waits.publish", () => (relay.waits() ? 1 : 0));
    powers.gauge("still.tick", relay.stillMs);
    powers.gauge("missingBodies", relay.flow.missing);
    powers.gauge("relayHeight", () => Number(relay.flow.height()));
    powers.onControl("status", async () => ({
      connected: relay.isConnected(),
      batches: relay.batches(),
      missingBodies: relay.flow.missing(),
      height: relay.flow.height(),
    }));
    powers.onStop(relay.stop);
    relay.start();
  },
});
