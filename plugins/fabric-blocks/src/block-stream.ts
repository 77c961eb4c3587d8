import { type Clock, type Cancel, CodedError, equalBytes, failure, type Failure, type Hash, type Log } from "@crossguardian/kernel";
import { decodeFabricBlock, type FabricBlock, readFabricFields } from "@crossguardian/proof";
import { type GrpcConnection, type GrpcStream, type OpenGrpc } from "./grpc.ts";
import { type ChannelIdentity } from "./identity.ts";
import { CONNECT_DEADLINE_MS, FIRST_RECONNECT_MS, LAST_RECONNECT_MS } from "./limits.ts";
import { seekRequest } from "./seek-request.ts";

/** A delivered block, and its bytes as they came. */
export type DeliveredBlock = { readonly block: FabricBlock; readonly bytes: Uint8Array };

/** Blocks of a channel, one after the other without a gap, over connections that are made again when they end. */
export type BlockStream = {
  /** Goes on at this height, also backwards; null: only the newest block is told, for its height. */
  readonly setFrom: (height: bigint | null) => void;
  /** Stops reading, so that the peer holds back; and goes on. */
  readonly hold: (isHeld: boolean) => void;
  readonly isUp: () => boolean;
  readonly tip: () => bigint | null;
  readonly stop: () => void;
};

/** What a block stream needs. */
export type BlockStreamOptions = {
  /** Tried in turn. */
  readonly endpoints: readonly OpenGrpc[];
  readonly channel: string;
  readonly identity: ChannelIdentity;
  readonly sha256: Hash;
  /** Hash of the genesis block, as registered: a peer of another channel is no peer. */
  readonly genesisHash: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  /** The connection for other calls; null when it is down. */
  readonly onConnection?: (connection: GrpcConnection | null) => void;
  readonly onBlock: (delivered: DeliveredBlock) => void;
};

const DELIVER = "/protos.Deliver/Deliver";
const MS_PER_S = 1000;

/** Reads peer.DeliverResponse: a block, or a status that ends the stream. @throws proof.fabric.malformed, fabric.peer.status */
const blockIn = (untrusted: Uint8Array): Uint8Array => {
  const fields = readFabricFields(untrusted, "deliver response");
  const block = fields.all(2);
  const [only] = block;
  if (only === undefined) throw new CodedError("fabric.peer.status", { status: fields.number(1) });
  return only;
};

type State = {
  next: bigint | null;
  /** Headers of the last block told: the next one must follow it. */
  lastHash: Uint8Array | null;
  tip: bigint | null;
  isUp: boolean;
  isHeld: boolean;
  failures: number;
  endpoint: number;
  generation: number;
};

/** Takes one block: the next one, and a child of the one before. @throws fabric.peer.*, proof.fabric.* */
const takeBlock = (options: BlockStreamOptions, state: State, untrusted: Uint8Array): void => {
  const bytes = blockIn(untrusted);
  const block = decodeFabricBlock(options, bytes);
  state.failures = 0;
  if (state.tip === null || block.height > state.tip) state.tip = block.height;
  if (state.next !== null) {
    if (block.height !== state.next) throw new CodedError("fabric.peer.order", { height: block.height, wanted: state.next });
    if (state.lastHash !== null && !equalBytes(block.previousHash, state.lastHash)) throw new CodedError("fabric.peer.chain", { height: block.height });
    state.next += 1n;
    state.lastHash = block.headerHash;
  }
  options.onBlock({ block, bytes });
};

/** Asks a connection for its channel's genesis block; `said` is called once: null when it is the registered one, else what is wrong, also when nothing comes in time. */
const askGenesis = ({ channel, clock, sha256, genesisHash }: BlockStreamOptions, connection: GrpcConnection, request: Uint8Array, said: (wrong: Failure | null) => void): void => {
  let isOver = false;
  const end = (wrong: Failure | null): void => {
    if (isOver) return;
    isOver = true;
    cancelDeadline();
    said(wrong);
  };
  const lost = failure("fabric.peer.lost", { endpoint: channel, what: "genesis" });
  const cancelDeadline = clock.after(CONNECT_DEADLINE_MS, () => end(lost));
  const first = connection.stream(
    DELIVER,
    request,
    (message) => {
      try {
        const { headerHash } = decodeFabricBlock({ sha256 }, blockIn(message));
        end(equalBytes(headerHash, genesisHash) ? null : failure("fabric.peer.genesis", { channel }));
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        end(error.failure);
      }
      first.cancel();
    },
    () => end(lost),
  );
};

/** Opens the stream. It only reads: what a peer says is checked as far as one peer can be (hash chain, data hash, genesis). */
export const openBlockStream = (options: BlockStreamOptions): BlockStream => {
  const { clock, log, channel, identity, endpoints } = options;
  const state: State = { next: null, lastHash: null, tip: null, isUp: false, isHeld: false, failures: 0, endpoint: 0, generation: 0 };
  let connection: GrpcConnection | null = null;
  let blocks: GrpcStream | null = null;
  let waiting: Cancel | null = null;
  let isStopped = false;

  const timeS = (): bigint => BigInt(Math.floor(clock.wallMs() / MS_PER_S));

  const distrust = (why: Failure): void => {
    log.warn(why.code, why.facts);
    connection?.close();
  };

  const openStream = (): void => {
    if (connection === null || isStopped) return;
    blocks?.cancel();
    state.generation += 1;
    const { generation } = state;
    const onMessage = (message: Uint8Array): void => {
      if (generation !== state.generation || isStopped) return;
      try {
        takeBlock(options, state, message);
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        distrust(error.failure);
      }
    };
    const onEnd = (): void => {
      if (generation === state.generation && !isStopped) connection?.close();
    };
    blocks = connection.stream(DELIVER, seekRequest(identity, channel, state.next ?? "newest", timeS()), onMessage, onEnd);
    if (state.isHeld) blocks.pause();
  };

  /** The first block of every connection is the genesis block: the peer is of the registered channel. */
  const checkGenesis = (mine: GrpcConnection): void =>
    askGenesis(options, mine, seekRequest(identity, channel, 0n, timeS()), (wrong) => {
      if (mine !== connection) return;
      if (wrong !== null) {
        distrust(wrong);
        return;
      }
      state.isUp = true;
      options.onConnection?.(mine);
      openStream();
    });

  const connect = (): void => {
    const open = endpoints[state.endpoint % endpoints.length];
    if (open === undefined || isStopped) return;
    const made: GrpcConnection = open({
      onUp: () => checkGenesis(made),
      onDown: (why) => {
        if (made !== connection) return;
        connection = null;
        blocks = null;
        state.generation += 1;
        if (state.isUp) options.onConnection?.(null);
        state.isUp = false;
        if (isStopped) return;
        if (state.failures === 0) log.warn(why.code, why.facts);
        state.failures += 1;
        state.endpoint += 1;
        waiting = clock.after(Math.min(FIRST_RECONNECT_MS * 2 ** Math.min(state.failures - 1, 10), LAST_RECONNECT_MS), connect);
      },
    });
    connection = made;
  };

  connect();
  return {
    setFrom: (height) => {
      state.next = height;
      state.lastHash = null;
      if (state.isUp) openStream();
    },
    hold: (isHeld) => {
      state.isHeld = isHeld;
      if (isHeld) blocks?.pause();
      else blocks?.resume();
    },
    isUp: () => state.isUp,
    tip: () => state.tip,
    stop: () => {
      isStopped = true;
      waiting?.();
      connection?.close();
    },
  };
};
