import { type Clock, concatBytes, type Log } from "@crossguardian/kernel";
import { type Crypto } from "@crossguardian/crypto";
import { type InteractionConfig } from "@crossguardian/protocol";
import { type Codec, decodeMessage, encodeMessage, type Message, MESSAGES } from "@crossguardian/wire";
import { type Interaction, type InteractionPorts, makeInteraction } from "./interaction.ts";
import { type Journal } from "./journal.ts";
import { emptyMemory } from "./journal-memory.ts";

/** What is played, so often; a start takes some tens of ms longer for it, when nobody waits. */
const ROUNDS = 64;
const HEADERS_PER_REPORT = 4;
const HASH_BYTES = 32;

const SILENT: Log = { info: () => undefined, warn: () => undefined, alarm: () => undefined };
/** Time does not pass: nothing that is planned happens. */
const STILL: Clock = { wallMs: () => 1, monotonicMs: () => 0, after: () => () => undefined };

const emptyJournal = (): Journal => ({
  state: { marks: emptyMemory().marks, bodies: [] },
  setMarks: () => undefined,
  publish: () => true,
  keepBody: () => Promise.resolve(),
  dropBody: () => undefined,
  flush: () => Promise.resolve(),
});

const hashOf = (height: bigint): Uint8Array => new Uint8Array(HASH_BYTES).fill(Number(height % 251n) + 1);

const reportOf = (chain: string, from: bigint): Message<"headerReport"> => ({
  chain,
  tip: from + BigInt(HEADERS_PER_REPORT),
  headers: Array.from({ length: HEADERS_PER_REPORT }, (_, at) => from + BigInt(at)).map((height) => ({ height, hash: hashOf(height), parentHash: hashOf(height - 1n) })),
});

/** A block of the relay chain that no validator signed: it is refused when its first signature was looked at. */
const blockOf = (crypto: Crypto, key: Uint8Array, height: bigint): Message<"block"> => {
  const { signature, recovery } = crypto.secp256k1.sign(hashOf(height), key);
  const signed = concatBytes([signature, Uint8Array.of(27 + recovery)]);
  return { attestation: { header: { epoch: 0n, height, prevHash: hashOf(height), tickMs: 1n, entriesRoot: hashOf(height) }, signatures: [signed, signed, signed] }, leaves: [], entries: [] };
};

/** Over the wire and back, as a domain hears it. */
const heard = <T>(codec: Codec<T>, message: T): T => {
  const decoded = decodeMessage(codec, encodeMessage(codec, message));
  if (!decoded.ok) throw new Error(decoded.failure.code);
  return decoded.value;
};

const play = (interaction: Interaction, { chains, relay }: InteractionConfig, firstHeights: ReadonlyMap<string, bigint>, block: Message<"block">, round: number): void => {
  for (const { chain, plugin, witnesses } of chains) {
    const from = (firstHeights.get(chain) ?? 0n) + BigInt(round * HEADERS_PER_REPORT);
    const report = reportOf(chain, from);
    for (const witness of witnesses) interaction.onHeaders(witness, heard(MESSAGES.headerReport.codec, report));
    interaction.onObserved(plugin, heard(MESSAGES.observed.codec, { chain, from, to: from + BigInt(HEADERS_PER_REPORT) - 1n, blocks: [] }));
  }
  interaction.onBlock(relay, heard(MESSAGES.block.codec, block));
};

/**
 * Plays a start and some messages that change nothing to an interaction domain that talks with nobody and is thrown away: what a standby runs for the first time
 * takes it several times as long, and it takes over under load.
 */
export const rehearse = ({ crypto, rootKey, pairs }: Pick<InteractionPorts, "crypto" | "rootKey" | "pairs">, config: InteractionConfig): void => {
  const interaction = makeInteraction({ send: () => true, clock: STILL, log: SILENT, crypto, rootKey, journal: emptyJournal(), pairs }, config);
  const firstHeights = new Map([...interaction.house.rooms.values()].map(({ name, watch }) => [name, watch.cursor()]));
  for (const { plugin, witnesses } of config.chains) for (const peer of [...witnesses, plugin]) interaction.onPeer(peer, true);
  interaction.onPeer(config.relay, true);
  const block = blockOf(crypto, rootKey, 1n);
  for (let round = 0; round < ROUNDS; round += 1) play(interaction, config, firstHeights, block, round);
};
