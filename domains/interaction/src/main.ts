import { CodedError } from "@crossguardian/kernel";
import { makeCrypto } from "@crossguardian/crypto";
import { runDomain } from "@crossguardian/frontend";
import { interactionConfig } from "@crossguardian/protocol";
import { openJournalFile } from "./adapters/journal-file.ts";
import { makeInteraction } from "./interaction.ts";
import { openJournal } from "./journal.ts";
import { loadByStage } from "./status.ts";

await runDomain({
  configCodec: interactionConfig,
  run: async (powers, config) => {
    const { channel, clock, log, rootKey, dataPath } = powers;
    if (rootKey === null || dataPath === null) throw new CodedError("interaction.config.volume");
    const crypto = await makeCrypto();
    const file = await openJournalFile(dataPath);
    const journal = await openJournal({ file, clock, log });
    const interaction = makeInteraction({ send: channel.send, clock, log, crypto, rootKey, journal }, config);

    channel.on("headerReport", interaction.onHeaders);
    channel.on("observed", interaction.onObserved);
    channel.on("submitted", interaction.onSubmitted);
    channel.on("decided", interaction.onDecided);
    channel.on("privateBody", (from, message) => {
      interaction.onPrivateBody(from, message).catch((error: unknown) => powers.exit(70, String(error)));
    });
    channel.on("block", interaction.onBlock);
    channel.on("publishAck", interaction.onPublishAck);
    channel.onPeer(interaction.onPeer);
    channel.onDrain(interaction.onDrain);

    powers.onControl("status", async () => interaction.status());
    powers.onControl("trace", async (id) => interaction.trace(id));
    powers.onStop(interaction.stop);
    const { house } = interaction;
    powers.gauge("open", () => house.outbound.count() + house.inbound.count());
    powers.gauge("oldestMs", () => Math.max(0, ...Object.values(loadByStage(house, clock)).map((each) => each.oldestMs)));
    powers.gauge("publishWaiting", () => house.publisher.waiting());
    powers.gauge("relayHeight", () => Number(house.inbound.position()));
    powers.gauge("frozenChains", () => [...house.rooms.values()].filter(({ watch }) => watch.frozen() !== null).length);
    interaction.start();
  },
});
