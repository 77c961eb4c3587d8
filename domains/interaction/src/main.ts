import { CodedError } from "@crossguardian/kernel";
import { type Crypto, makeCrypto } from "@crossguardian/crypto";
import { runDomain } from "@crossguardian/frontend";
import { type InteractionConfig, interactionConfig } from "@crossguardian/protocol";
import { openJournalFile, peekJournal } from "./adapters/journal-file.ts";
import { KEY_LABEL, makeInteraction } from "./interaction.ts";
import { openJournal } from "./journal.ts";
import { type JournalAhead, makeJournalAhead } from "./journal-ahead.ts";
import { type Debt } from "./owed.ts";
import { rehearse } from "./rehearse.ts";
import { type JournalKey } from "./sealed-groups.ts";
import { sealJournal } from "./sealed-journal.ts";
import { loadByStage } from "./status.ts";

/** A gauge below zero is not in the pulse. */
const LEFT_OUT = -1;

const neighboursOf = (config: InteractionConfig): readonly { readonly name: string; readonly duty: Debt["duty"] }[] => [
  { name: config.relay, duty: "publish" },
  ...config.chains.flatMap(({ plugin, modules, replicas, witnesses }) => [
    { name: plugin, duty: "scan" as const },
    ...[plugin, ...replicas, ...modules.map((module) => module.name)].map((name) => ({ name, duty: "answer" as const })),
    ...witnesses.map((name) => ({ name, duty: "headers" as const })),
  ]),
];

const journalKeyOf = ({ deriveKey }: Pick<Crypto, "deriveKey">, rootKey: Uint8Array, epoch: bigint): JournalKey => ({ secret: deriveKey(rootKey, KEY_LABEL.journal), epoch });

let ahead: JournalAhead | undefined;

await runDomain({
  configCodec: interactionConfig,
  warm: async (config, { rootKey, keyEpoch, dataPath, clock, security }) => {
    const crypto = await makeCrypto();
    if (rootKey === null || dataPath === null) return; // told when it is to run
    ahead = makeJournalAhead(peekJournal(dataPath), crypto, clock, journalKeyOf(crypto, rootKey, keyEpoch));
    ahead.start();
    rehearse({ crypto, rootKey, pairs: security.pairs }, config);
  },
  run: async (powers, config) => {
    const { channel, clock, log, rootKey, keyEpoch, dataPath } = powers;
    if (rootKey === null || dataPath === null) throw new CodedError("interaction.config.volume");
    const crypto = await makeCrypto();
    ahead?.stop();
    const file = sealJournal(await openJournalFile(dataPath, powers.epoch), { crypto, log }, journalKeyOf(crypto, rootKey, keyEpoch), ahead);
    const journal = await openJournal({ file, clock, log }, ahead);
    const interaction = makeInteraction({ send: channel.send, clock, log, crypto, rootKey, journal, pairs: powers.security.pairs }, config);

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
    powers.onControl("open", async () => interaction.open());
    powers.onControl("trace", async (id) => interaction.trace(id));
    powers.onControl("readBody", async (argument) => interaction.releaseKey(argument));
    powers.onStop(interaction.stop);
    const { house } = interaction;
    powers.gauge("open", () => house.outbound.count() + house.inbound.count());
    powers.gauge("oldestMs", () => Math.max(0, ...Object.values(loadByStage(house, clock)).map((each) => each.oldestMs)));
    powers.gauge("publishWaiting", () => house.publisher.waiting());
    powers.gauge("relayHeight", () => Number(house.inbound.position()));
    powers.gauge("tightWindows", () => house.publisher.tightChains() + [...house.rooms.values()].flatMap(({ submitters }) => submitters.all).reduce((sum, submitter) => sum + submitter.tightPairs(), 0));
    powers.gauge("frozenChains", () => [...house.rooms.values()].filter(({ watch }) => watch.frozen() !== null).length);
    powers.gauge("still.tick", interaction.stillMs);
    for (const { name, duty } of neighboursOf(config)) {
      powers.gauge(`owed.${name}.${duty}`, () => interaction.owes().find((debt) => debt.domain === name && debt.duty === duty)?.ms ?? LEFT_OUT);
    }
    interaction.start();
  },
});
