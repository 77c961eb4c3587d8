import { type Clock, equalBytes, type Hash, type Log } from "@crossguardian/kernel";
import { cidOf, ENTRY_KIND, type Message, MESSAGES } from "@crossguardian/wire";
import { makeMissingBodies } from "./missing-bodies.ts";

/** Blocks that interaction may have in hand. */
export const BLOCK_WINDOW = 64n;
/** Blocks and bytes held here before reading from the orderer stops. */
export const MAX_READY_BLOCKS = 32;
/** See {@link MAX_READY_BLOCKS}. */
export const MAX_READY_BYTES = 16 * 1024 * 1024;

/** What the block flow needs. Sending gives false when the way is full. */
export type BlockFlowPorts = {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly log: Log;
  readonly sha256: Hash;
  readonly sendBlock: (message: Message<"block">) => boolean;
  readonly sendEncodedBlock: (kind: number, payload: Uint8Array) => boolean;
  /** Asks the orderer for blocks from this height on. */
  readonly subscribe: (from: bigint) => void;
  readonly askBodies: (cids: readonly Uint8Array[]) => void;
  readonly pause: (paused: boolean) => void;
};

/** Blocks from the orderer to interaction: bodies checked by content id, in order, as many as interaction asks for. */
export type BlockFlow = {
  /** Interaction has everything below `from`; a smaller height than before begins again there. */
  readonly onWant: (from: bigint) => void;
  readonly onBlock: (untrusted: Message<"block">, payload: Uint8Array) => void;
  readonly onBodies: (untrusted: Message<"bodies">) => void;
  /** A new connection: subscribes where the old one ended. */
  readonly onConnected: () => void;
  /** Interaction was replaced: it will say from where. */
  readonly interactionLost: () => void;
  readonly pump: () => void;
  readonly tick: (retryMs: number) => void;
  readonly missing: () => number;
  readonly height: () => bigint;
};

type Ready = { readonly height: bigint; readonly send: () => boolean; readonly bytes: number };
type Block = Message<"block">;

const hasBody = ({ facts, cid }: Block["entries"][number]): boolean =>
  cid.length > 0 && (facts.kind === ENTRY_KIND.request || facts.kind === ENTRY_KIND.receipt || facts.kind === ENTRY_KIND.register);

/** The block with every body that does not have its content id taken out, and those entries. */
const checkBodies = (ports: Pick<BlockFlowPorts, "log" | "sha256">, block: Block): { readonly checked: Block; readonly without: Block["entries"] } => {
  const without: Block["entries"][number][] = [];
  const entries = block.entries.map((entry) => {
    if (!hasBody(entry)) return entry;
    if (entry.body.length > 0) {
      if (equalBytes(cidOf(ports.sha256, entry.body), entry.cid)) return entry;
      ports.log.alarm("relay.body.cid", { height: block.attestation.header.height, position: entry.position });
    } else ports.log.info("relay.body.missing", { height: block.attestation.header.height, position: entry.position });
    const emptied = { ...entry, body: new Uint8Array(0) };
    without.push(emptied);
    return emptied;
  });
  return without.length === 0 ? { checked: block, without } : { checked: { ...block, entries }, without };
};

/** Makes the flow. */
export const makeBlockFlow = (ports: BlockFlowPorts): BlockFlow => {
  const missing = makeMissingBodies(ports.clock);
  const supplements: Block[] = [];
  let ready: Ready[] = [];
  let readyBytes = 0;
  /** What interaction has, or null until it has said so. */
  let wanted: bigint | null = null;
  let nextToSend = 0n;
  let nextFromOrderer = 0n;
  let isPaused = false;

  const setPause = (): void => {
    const full = ready.length >= MAX_READY_BLOCKS || readyBytes >= MAX_READY_BYTES || missing.isFull();
    if (full === isPaused) return;
    isPaused = full;
    ports.pause(full);
  };
  const sendSupplements = (): boolean => {
    for (let first = supplements[0]; first !== undefined; first = supplements[0]) {
      if (!ports.sendBlock(first)) return false;
      supplements.shift();
    }
    return true;
  };
  const pump = (): void => {
    if (wanted === null || !sendSupplements()) return;
    for (let first = ready[0]; first !== undefined; first = ready[0]) {
      if (first.height >= wanted + BLOCK_WINDOW || !first.send()) break;
      nextToSend = first.height + 1n;
      readyBytes -= first.bytes;
      ready.shift();
    }
    setPause();
  };
  const beginAt = (from: bigint): void => {
    nextToSend = from;
    nextFromOrderer = from;
    ready = [];
    readyBytes = 0;
    supplements.length = 0;
    missing.clear();
    setPause();
    ports.subscribe(from);
  };
  return {
    pump,
    onWant: (from) => {
      if (wanted === null || from < wanted) {
        wanted = from;
        beginAt(from);
        return;
      }
      wanted = from;
      if (from > nextFromOrderer) beginAt(from);
      pump();
    },
    onBlock: (untrusted, payload) => {
      const { height } = untrusted.attestation.header;
      if (height !== nextFromOrderer) {
        if (height > nextFromOrderer) ports.subscribe(nextFromOrderer);
        return;
      }
      nextFromOrderer = height + 1n;
      const { checked, without } = checkBodies(ports, untrusted);
      missing.add({ ...checked, entries: [] }, without);
      const send = without.length === 0
        ? (): boolean => ports.sendEncodedBlock(MESSAGES.block.number, payload)
        : (): boolean => ports.sendBlock(checked);
      ready.push({ height, send, bytes: payload.length });
      readyBytes += payload.length;
      if (without.length > 0) ports.askBodies(missing.due(0));
      pump();
      setPause();
    },
    onBodies: (untrusted) => {
      for (const { cid, body } of untrusted.bodies) {
        if (body.length === 0) continue;
        if (!equalBytes(cidOf(ports.sha256, body), cid)) ports.log.alarm("relay.body.cid", { answer: true });
        else supplements.push(...missing.fill(cid, body));
      }
      pump();
    },
    onConnected: () => {
      isPaused = false;
      setPause();
      if (wanted !== null) ports.subscribe(nextFromOrderer);
    },
    interactionLost: () => {
      wanted = null;
    },
    tick: (retryMs) => {
      const due = missing.due(retryMs);
      if (due.length > 0) ports.askBodies(due);
      pump();
    },
    missing: missing.count,
    height: () => nextToSend,
  };
};
