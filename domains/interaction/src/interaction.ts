import { type Clock, type Log, keyLabel } from "@crossguardian/kernel";
import { type Crypto } from "@crossguardian/crypto";
import { type Hashes, type InteractionConfig, makeHashes } from "@crossguardian/protocol";
import { type Message, type SecurityOrder } from "@crossguardian/wire";
import { type ChainWatch, makeChainWatch } from "./chain-watch.ts";
import { makeConvert } from "./convert.ts";
import { Inbound } from "./inbound.ts";
import { makePairSets } from "./index-set.ts";
import { type Incoming } from "./incoming.ts";
import { type Journal } from "./journal.ts";
import { checkOwnPlace, loadRegistry } from "./load-registry.ts";
import { makeMessageCipher } from "./message-cipher.ts";
import { makeOpenBody } from "./open-body.ts";
import { Outbound, type OwnedPublication } from "./outbound.ts";
import { type ChainRoom, type House } from "./house.ts";
import { type Debt } from "./owed.ts";
import { type Send } from "./ports.ts";
import { makePrivateBodies } from "./private-bodies.ts";
import { makePublisher, type Publisher } from "./publisher.ts";
import { releaseKey } from "./release-key.ts";
import { openOf } from "./open-entries.ts";
import { statusOf, traceOf } from "./status.ts";
import { Submitter, type SubmitterPorts } from "./submitter.ts";
import { makeSubmitters } from "./submitters.ts";
import { makeTraces } from "./trace.ts";

/** Everything an interaction domain is handed. */
export type InteractionPorts = {
  readonly send: Send;
  readonly clock: Clock;
  readonly log: Log;
  readonly crypto: Crypto;
  readonly rootKey: Uint8Array;
  readonly journal: Journal;
  /** Cipher suites of pairs of chains, out of the signed security profiles; empty: every known one. */
  readonly pairs: SecurityOrder["pairs"];
};

/** Interaction domain: verifies, converts, encrypts, journals, signs (DESIGN section 3, step 3 and 6). */
export type Interaction = {
  readonly house: House;
  readonly onHeaders: (from: string, untrusted: Message<"headerReport">) => void;
  readonly onObserved: (from: string, untrusted: Message<"observed">) => void;
  readonly onSubmitted: (from: string, untrusted: Message<"submitted">) => void;
  readonly onDecided: (from: string, untrusted: Message<"decided">) => void;
  readonly onPrivateBody: (from: string, untrusted: Message<"privateBody">) => Promise<void>;
  readonly onBlock: (from: string, untrusted: Message<"block">) => void;
  readonly onPublishAck: (from: string, untrusted: Message<"publishAck">) => void;
  readonly onPeer: (peer: string, up: boolean) => void;
  readonly onDrain: () => void;
  /** Begins to tick. Each neighbour is asked for what is needed when `onPeer` says that it is up: once, because every question costs its answers. */
  readonly start: () => void;
  /** Writes the marks. */
  readonly stop: () => Promise<void>;
  readonly status: () => unknown;
  /** The oldest entries that are not done; for `doctor`. */
  readonly open: () => unknown;
  /** What neighbours have not answered, for management. */
  readonly owes: () => readonly Debt[];
  /** Time since the last tick, in ms. */
  readonly stillMs: () => number;
  readonly trace: (id: string) => unknown;
  /** Answer to an officer's "readBody". @throws interaction.body.*, interaction.private.peer */
  readonly releaseKey: (untrustedArgument: string) => unknown;
};

/** Labels of the keys below the root key. */
export const KEY_LABEL = { gateway: keyLabel("gateway-key"), box: keyLabel("box-key"), journal: keyLabel("journal-key") } as const;
/** Interval of the slow look at everything open, in ms. */
export const TICK_MS = 250;
/** Entries that wait to be published before chains are held back; each chain has an equal share of this and the following. */
export const MAX_WAITING_PUBLICATIONS = 16_384;
/** IBTPs that wait to be published before chains are held back, in bytes. */
export const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** Entries of ours that are not done before chains are held back. */
export const MAX_OPEN_OUTGOING = 262_144;
/** The relay domain is asked when a chain's plugin has answered, at the latest after this time, in ms: dozens of relay blocks in front of its answer would hold that up. */
export const RELAY_LATEST_MS = 200;
const ANSWER_PATIENCE = 4;

type Keys = { readonly gateway: Uint8Array; readonly box: Uint8Array };

type SubmitterPlace = { readonly chain: string; readonly watch: ChainWatch; readonly inbound: Inbound };

/** Makes the submitter of a domain that puts calls into a chain. */
const submitterMaker = (ports: Pick<SubmitterPorts, "send" | "clock" | "log" | "traces">, { retryMs, tightening }: InteractionConfig, { chain, watch, inbound }: SubmitterPlace) =>
  (domain: string, ids: { next: bigint }): Submitter => new Submitter(
    {
      ...ports,
      ready: () => watch.caughtUp() && watch.frozen() === null,
      isBehind: watch.isBehind,
      cursor: watch.cursor,
      tip: watch.tip,
      open: () => entriesIn(inbound.openOf(chain), domain),
      conclude: (entry) => inbound.conclude(entry),
    },
    { chain, plugin: domain, retryMs, tightens: tightening, ids },
  );

const buildHouse = (ports: InteractionPorts, config: InteractionConfig, hashes: Hashes, keys: Keys): House => {
  const { clock, log, crypto, journal, send } = ports;
  const { retryMs, relay } = config;
  const powers = { hashes, secp256k1: crypto.secp256k1 };
  let registry = loadRegistry(powers, config);
  checkOwnPlace(registry, config, { address: crypto.secp256k1.address(keys.gateway), boxKey: crypto.x25519.publicKey(keys.box) });

  const traces = makeTraces(clock);
  const settled = makePairSets();
  const decided = makePairSets();
  const bodies = makePrivateBodies({ crypto, hashes, clock }, keys.box);
  const cipher = makeMessageCipher(crypto, { boxPrivateKey: keys.box, registry: () => registry, me: config.gateway, suite: config.suite, pairs: ports.pairs });
  const rooms = new Map<string, ChainRoom>();

  const outbound: Outbound = new Outbound(
    {
      clock, log, journal, bodies, traces, settled,
      registry: () => registry,
      convert: makeConvert({ hashes, cipher }, () => registry),
      publish: (item) => publisher.add(item),
      incoming: (id) => inbound.knowledge(id),
      onDecided: (id, pair, index) => inbound.onDecided(id, pair, index),
      onSettled: (id) => inbound.onSettled(id),
      onReceiptRelayed: (id) => inbound.onReceiptRelayed(id),
      isBehind: () => [...rooms.values()].some(({ watch }) => watch.isBehind()),
    },
    { retryMs },
  );
  const publisher: Publisher<OwnedPublication> = makePublisher(
    { send, clock, log, keccak256: crypto.keccak256, secp256k1: crypto.secp256k1 },
    {
      gateway: config.gateway, relay, chains: config.chains.map(({ chain }) => chain), gatewayKey: keys.gateway, lingerMs: config.lingerMs, maxBatchEntries: config.maxBatchEntries, hasPriorities: config.priorities, tightens: config.tightening,
      retryMs: retryMs * ANSWER_PATIENCE, firstBatchId: BigInt(Math.trunc(clock.wallMs())) * 1000n,
    },
    {
      onSent: (item) => outbound.onSent(item),
      onTaken: (item) => outbound.onTaken(item),
      onRefused: (item, code) => outbound.onRefused(item, code),
    },
  );
  const inbound: Inbound = new Inbound(
    {
      ...powers, clock, log, traces, settled, decided,
      registry: () => registry,
      setRegistry: (next) => {
        registry = next;
        for (const [chain, height] of outbound.rescans.takeUnregistered()) rooms.get(chain)?.watch.rescan(height);
      },
      openBody: makeOpenBody({ hashes, cipher }, () => registry),
      submittersOf: (chain) => rooms.get(chain)?.submitters ?? null,
      want: (from) => {
        send(relay, "wantBlocks", { from });
      },
      onLeaf: (leaf, height, tickMs) => outbound.onLeaf(leaf, height, tickMs),
      requestHashOf: (id) => outbound.find("request", id)?.event.requestHash ?? null,
      onIncoming: (id) => outbound.onIncoming(id),
      receiptWaits: (id) => outbound.find("receipt", id)?.stage === "waitRequest",
      settle: (id, pair, index) => outbound.settle(id, pair, index),
    },
    { from: journal.state.marks.relayHeight },
  );
  const chains = config.chains.length;
  const canTake = (chain: string): boolean =>
    publisher.waiting(chain) * chains < MAX_WAITING_PUBLICATIONS &&
    publisher.waitingBytes(chain) * chains < MAX_WAITING_BYTES &&
    outbound.count(chain) * chains < MAX_OPEN_OUTGOING;

  for (const place of config.chains) {
    const chain = registry.chains.get(place.chain);
    if (chain === undefined) continue; // refused by checkOwnPlace
    const mark = journal.state.marks.chains.find((each) => each.chain === place.chain)?.height ?? 0n;
    const watch = makeChainWatch(
      {
        send, clock, log, canTake: () => canTake(place.chain), keccak256: crypto.keccak256, sha256: crypto.sha256, openCertificate: crypto.openCertificate,
        onBlock: (block) => outbound.onBlock(block),
        onProgress: () => {
          const leftOut = outbound.rescans.takeLeftOut(place.chain);
          if (leftOut !== null) watch.rescan(leftOut);
          publisher.pump();
          rooms.get(place.chain)?.submitters.pump();
        },
      },
      {
        chain, plugin: place.plugin, witnesses: place.witnesses, quorum: place.quorum, retryMs,
        from: mark > chain.deployHeight ? mark : chain.deployHeight,
      },
    );
    const make = submitterMaker({ send, clock, log, traces }, config, { chain: place.chain, watch, inbound });
    const submitters = makeSubmitters(place, { clock, log, hash: crypto.keccak256, open: () => inbound.openOf(place.chain), make });
    rooms.set(place.chain, { name: place.chain, plugin: place.plugin, witnesses: place.witnesses, watch, submitters });
  }
  return { rooms, outbound, inbound, publisher, bodies, cipher, traces, registry: () => registry };
};

function* entriesIn(entries: Iterable<Incoming>, hand: string): Iterable<Incoming> {
  for (const entry of entries) if (entry.hand === hand) yield entry;
}

const lowestOf = (open: bigint | null, scanned: bigint): bigint => (open === null || scanned < open ? scanned : open);

/** What must be done again after a restart begins here; everything before is known to be done. */
const marksOf = ({ rooms, outbound, inbound }: House): { relayHeight: bigint; chains: { chain: string; height: bigint }[] } => ({
  relayHeight: inbound.lowest(),
  chains: [...rooms.values()].map(({ name, watch }) => ({ chain: name, height: lowestOf(outbound.lowest(name), watch.lowest()) })),
});

const makeTicking = (ports: InteractionPorts, house: House, retryMs: number): { readonly start: () => void; readonly stop: () => Promise<void>; readonly stillMs: () => number } => {
  const { clock, journal } = ports;
  let stopped = false;
  let askedMs = -Infinity;
  let written = "";
  let tickedMs = clock.monotonicMs();

  const writeMarks = (): void => {
    const marks = marksOf(house);
    const text = [marks.relayHeight, ...marks.chains.map((each) => each.height)].join();
    if (text === written) return;
    written = text;
    journal.setMarks(marks);
  };
  const tick = (): void => {
    if (stopped) return;
    tickedMs = clock.monotonicMs();
    clock.after(TICK_MS, tick);
    for (const { watch, submitters } of house.rooms.values()) {
      watch.tick();
      submitters.tick();
    }
    house.outbound.tick();
    house.inbound.tick();
    house.publisher.tick();
    for (const bodyHash of house.bodies.expired()) if (house.bodies.drop(bodyHash)) journal.dropBody(bodyHash);
    if (clock.monotonicMs() - askedMs >= retryMs) {
      askedMs = clock.monotonicMs();
      house.inbound.ask();
    }
    writeMarks();
  };
  return {
    stillMs: () => clock.monotonicMs() - tickedMs,
    start: () => {
      clock.after(TICK_MS, tick);
    },
    stop: () => {
      stopped = true;
      writeMarks();
      return journal.flush();
    },
  };
};

/** Takes a body of the local intake: durable before it is acknowledged (protocol, "requestPrivate"). */
const takePrivateBody = async (
  { send, journal, log }: InteractionPorts,
  { bodies, outbound, publisher }: House,
  { name }: ChainRoom,
  from: string,
  untrusted: Message<"privateBody">,
): Promise<void> => {
  const { bodyHash, sealed } = untrusted;
  const taken = bodies.take(bodyHash, sealed);
  let code = taken.ok ? "" : taken.failure.code;
  if (taken.ok) {
    try {
      await journal.keepBody({ bodyHash: bodyHash.slice(), sealed: sealed.slice() });
    } catch {
      code = "interaction.journal.write"; // logged by the journal
    }
    outbound.onPrivateBody(bodyHash);
    publisher.pump();
  } else log.warn(taken.failure.code, { chain: name, ...taken.failure.facts });
  send(from, "privateBodyTaken", { chain: name, bodyHash, code });
};

/**
 * Builds an interaction domain. The configuration decides which port may say what: anything else is refused.
 * @throws interaction.config.*, protocol.registry.*, wire.message.*
 */
export const makeInteraction = (ports: InteractionPorts, config: InteractionConfig): Interaction => {
  const { crypto, log, journal } = ports;
  const hashes = makeHashes(crypto.keccak256);
  const keys = { gateway: crypto.deriveKey(ports.rootKey, KEY_LABEL.gateway), box: crypto.deriveKey(ports.rootKey, KEY_LABEL.box) };
  const house = buildHouse(ports, config, hashes, keys);
  const { rooms, inbound, publisher, bodies } = house;
  for (const { bodyHash, sealed } of journal.state.bodies) bodies.take(bodyHash, sealed);
  const ticking = makeTicking(ports, house, config.retryMs);

  const roomFor = (from: string, chain: string, as: "plugin" | "module" | "witness"): ChainRoom | null => {
    const room = rooms.get(chain);
    const allowed = room !== undefined && (as === "witness" ? room.witnesses.includes(from) : as === "plugin" ? room.plugin === from : room.submitters.at(from) !== null);
    if (allowed) return room;
    log.alarm("interaction.origin.port", { from, known: room !== undefined });
    return null;
  };
  const submitterFor = (from: string, chain: string): Submitter | null => {
    const submitters = roomFor(from, chain, "module")?.submitters;
    submitters?.heard(from);
    return submitters?.at(from) ?? null;
  };
  const fromRelay = (from: string): boolean => {
    if (from === config.relay) return true;
    log.alarm("interaction.origin.port", { from });
    return false;
  };

  const relayFirst: { isUp: boolean; isAsked: boolean } = { isUp: false, isAsked: false };
  const askRelay = (): void => {
    if (!relayFirst.isUp || relayFirst.isAsked) return;
    relayFirst.isAsked = true;
    inbound.ask();
  };

  return {
    house,
    onHeaders: (from, untrusted) => roomFor(from, untrusted.chain, "witness")?.watch.onHeaders(from, untrusted),
    onObserved: (from, untrusted) => {
      const watch = roomFor(from, untrusted.chain, "plugin")?.watch;
      const before = watch?.cursor();
      watch?.onObserved(untrusted);
      if (watch?.cursor() !== before) askRelay();
    },
    onSubmitted: (from, untrusted) => submitterFor(from, untrusted.chain)?.onSubmitted(untrusted),
    onDecided: (from, untrusted) => submitterFor(from, untrusted.chain)?.onDecided(untrusted),
    onPrivateBody: async (from, untrusted) => {
      const room = roomFor(from, untrusted.chain, "module");
      if (room !== null) await takePrivateBody(ports, house, room, from, untrusted);
    },
    onBlock: (from, untrusted) => {
      if (!fromRelay(from)) return;
      // A new one is no reason to ask for all before it earlier than that is due: it comes again with them.
      if (!relayFirst.isAsked && untrusted.attestation.header.height > inbound.position()) return;
      inbound.onBlock(untrusted);
      publisher.pump();
    },
    onPublishAck: (from, untrusted) => {
      if (fromRelay(from)) publisher.onAck(untrusted);
    },
    onPeer: (peer, up) => {
      if (peer === config.relay) {
        relayFirst.isUp = up;
        publisher.relayLost();
        if (up) {
          if (relayFirst.isAsked) inbound.askAnew();
          else ports.clock.after(RELAY_LATEST_MS, askRelay);
          publisher.tick();
        }
      }
      for (const { watch, submitters } of rooms.values()) {
        watch.onPeer(peer, up);
        submitters.onPeer(peer, up);
      }
    },
    onDrain: () => {
      publisher.pump();
      for (const { watch, submitters } of rooms.values()) {
        watch.pump();
        submitters.pump();
      }
    },
    start: ticking.start,
    stop: ticking.stop,
    status: () => statusOf(house, ports.clock),
    open: () => openOf(house, ports.clock),
    owes: () => [...publisher.owes(), ...[...rooms.values()].flatMap(({ watch, submitters }) => [...watch.owes(), ...submitters.owes()])],
    stillMs: ticking.stillMs,
    trace: (id) => traceOf(house, id),
    releaseKey: (untrustedArgument) => releaseKey(crypto, house.cipher, untrustedArgument),
  };
};
