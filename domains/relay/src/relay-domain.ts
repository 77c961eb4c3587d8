import { type Cancel, type Clock, equalBytes, type Hash, type Log, makeRetryWaits } from "@crossguardian/kernel";
import { type RelayDomainConfig } from "@crossguardian/protocol";
import { type Message } from "@crossguardian/wire";
import { batchIdOf, makeBatches } from "./batches.ts";
import { type BlockFlow, makeBlockFlow } from "./block-flow.ts";
import { type OpenOrdererLink, type OrdererLink, type OrdererLinkEvents } from "./orderer-link.ts";

/** Everything a relay domain is handed. It holds no key and no network: streams come from the split device. */
export type RelayPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly keccak256: Hash;
  readonly sha256: Hash;
  readonly openLink: OpenOrdererLink;
  readonly sendAck: (message: Message<"publishAck">) => boolean;
  readonly sendBlock: (message: Message<"block">) => boolean;
  readonly sendEncodedBlock: (kind: number, payload: Uint8Array) => boolean;
};

/** Relay domain: carries signed batches to an orderer and certified blocks back (DESIGN section 3, step 4 and 6). */
export type RelayDomain = {
  readonly onPublish: (untrusted: Message<"publish">, payload: Uint8Array) => void;
  readonly onWantBlocks: (from: bigint) => void;
  readonly onInteraction: (up: boolean) => void;
  readonly onDrain: () => void;
  readonly start: () => void;
  readonly stop: () => void;
  readonly isConnected: () => boolean;
  readonly batches: () => number;
  /** True while nothing can be answered before the orderer, or the interaction domain's own way, has moved. */
  readonly waits: () => boolean;
  /** Time since the last tick, in ms. */
  readonly stillMs: () => number;
  readonly flow: BlockFlow;
};

/** Name under which configurations list the interaction domain. */
export const INTERACTION = "interaction";
const TICK_MS = 250;
const WAITS = { firstMs: 50, lastMs: 1_000 };
/** An orderer that says nothing for so long although something is asked of it is left, in ms. */
export const ORDERER_SILENCE_MS = 30_000;
const MAX_HELD_ACKS = 256;

type Connection = { readonly link: OrdererLink; isReady: boolean; heardMs: number };

/** What a connection that is ready carries. */
type Carried = Pick<OrdererLinkEvents, "onAck" | "onBlock" | "onBodies" | "onDrain"> & {
  readonly height: () => bigint;
  readonly onReady: () => void;
};

/** Keeps one connection to the first orderer that answers: tries them in turn, more and more slowly. */
type Connector = {
  readonly connect: () => void;
  /** The link once the orderer has shown that it serves our relay chain, or null. */
  readonly link: () => OrdererLink | null;
  /** Leaves an orderer that was silent for too long although something is asked of it. */
  readonly look: (isAsked: boolean) => void;
  readonly stop: () => void;
};

const makeConnector = (ports: Pick<RelayPorts, "clock" | "log" | "keccak256" | "openLink">, config: RelayDomainConfig, carried: Carried): Connector => {
  const { clock, log } = ports;
  const relayGenesis = ports.keccak256(config.genesis);
  let connection: Connection | null = null;
  let attempt = 0;
  const waits = makeRetryWaits(clock, WAITS);
  let isStopped = false;

  const onChallenge = (made: Connection, untrusted: Message<"relayChallenge">): void => {
    if (!equalBytes(untrusted.relayGenesis, relayGenesis)) {
      log.alarm("relay.orderer.genesis", { attempt });
      made.link.close();
      return;
    }
    made.link.sendHello(config.gateway, carried.height());
    made.isReady = true;
    waits.good();
    log.info("relay.orderer.connected", { height: untrusted.height });
    carried.onReady();
  };
  const connect = (): void => {
    const endpoint = config.orderers[attempt % config.orderers.length];
    if (isStopped || endpoint === undefined) return;
    attempt += 1;
    let made: Connection | null = null;
    const heard = <T extends readonly unknown[]>(run: (...values: T) => void) => (...values: T): void => {
      if (made === null || connection !== made) return;
      made.heardMs = clock.monotonicMs();
      run(...values);
    };
    const link = ports.openLink(endpoint.name, {
      onChallenge: heard((untrusted: Message<"relayChallenge">) => {
        if (made?.isReady === false) onChallenge(made, untrusted);
      }),
      onAck: heard(carried.onAck),
      onBlock: heard(carried.onBlock),
      onBodies: heard(carried.onBodies),
      onDrain: heard(carried.onDrain),
      onClose: (code) => {
        if (connection !== made) return;
        connection = null;
        log.warn("relay.orderer.closed", { why: code, endpoint: endpoint.name });
        clock.after(waits.next(), connect);
      },
    });
    made = { link, isReady: false, heardMs: clock.monotonicMs() };
    connection = made;
  };
  return {
    connect,
    link: () => (connection?.isReady === true ? connection.link : null),
    look: (isAsked) => {
      const waits = isAsked || connection?.isReady === false;
      if (connection === null || !waits || clock.monotonicMs() - connection.heardMs <= ORDERER_SILENCE_MS) return;
      log.warn("relay.orderer.silent");
      connection.link.close();
    },
    stop: () => {
      isStopped = true;
      connection?.link.close();
    },
  };
};

/** Makes a relay domain; `start` connects. */
export const makeRelayDomain = (ports: RelayPorts, config: RelayDomainConfig): RelayDomain => {
  const { clock, log } = ports;
  const batches = makeBatches();
  const acks: Message<"publishAck">[] = [];
  let cancelTick: Cancel = () => undefined;
  let tickedMs = clock.monotonicMs();

  const flow = makeBlockFlow({
    clock,
    log,
    sha256: ports.sha256,
    sendBlock: ports.sendBlock,
    sendEncodedBlock: ports.sendEncodedBlock,
    subscribe: (from) => connector.link()?.sendWantBlocks(from),
    askBodies: (cids) => {
      if (cids.length > 0) connector.link()?.sendWantBodies(cids);
    },
    pause: (paused) => connector.link()?.pause(paused),
  });
  const pumpBatches = (): void => {
    const link = connector.link();
    if (link !== null) batches.pump(link.sendPublish);
  };
  const pumpAcks = (): void => {
    for (let first = acks[0]; first !== undefined && ports.sendAck(first); first = acks[0]) acks.shift();
  };
  const connector = makeConnector(ports, config, {
    height: flow.height,
    onReady: () => {
      batches.resend();
      flow.onConnected();
      pumpBatches();
    },
    onAck: (untrusted) => {
      if (!batches.answered(untrusted.batchId)) return;
      if (acks.length < MAX_HELD_ACKS) acks.push(untrusted); // one that is lost is asked for again by publishing
      pumpAcks();
      pumpBatches();
    },
    onBlock: flow.onBlock,
    onBodies: flow.onBodies,
    onDrain: pumpBatches,
  });
  const tick = (): void => {
    tickedMs = clock.monotonicMs();
    cancelTick = clock.after(TICK_MS, tick);
    pumpAcks();
    flow.tick(config.retryMs);
    pumpBatches();
    connector.look(batches.count() > 0 || flow.missing() > 0);
  };

  return {
    flow,
    isConnected: () => connector.link() !== null,
    batches: batches.count,
    waits: () => connector.link() === null || batches.count() > 0 || acks.length > 0,
    stillMs: () => clock.monotonicMs() - tickedMs,
    onPublish: ({ content }, payload) => {
      const batchId = batchIdOf(content);
      if (batchId === null) log.warn("relay.batch.malformed", { bytes: content.length });
      else if (batches.keep(batchId, payload)) pumpBatches();
      else log.warn("relay.buffer.full", { batches: batches.count() });
    },
    onWantBlocks: flow.onWant,
    onInteraction: (up) => {
      if (up) return;
      flow.interactionLost();
      batches.forgetAll();
      acks.length = 0;
    },
    onDrain: () => {
      pumpAcks();
      flow.pump();
    },
    start: () => {
      connector.connect();
      tick();
    },
    stop: () => {
      cancelTick();
      connector.stop();
    },
  };
};

