import { ok, refuse, type Result } from "@crossguardian/kernel";
import { decodeMessage, makeWriter, type Codec, type Writer } from "../codec.ts";
import { MAX_FRAME_PAYLOAD_BYTES } from "../frame.ts";
import * as appchain from "./appchain.ts";
import * as management from "./management.ts";
import * as network from "./network.ts";
import * as relay from "./relay.ts";

const KIB = 1024;

/** A message decoded and written again: bytes this process made, and the chain the message speaks of, if any. */
export type Rewritten = { readonly payload: Uint8Array; readonly chain: string | null };

type Kind<T, N extends number> = {
  readonly number: N;
  readonly codec: Codec<T>;
  readonly maxBytes: number;
  readonly rewrite: (untrustedPayload: Uint8Array) => Result<Rewritten>;
};

const chainIn = (value: unknown): string | null =>
  typeof value === "object" && value !== null && "chain" in value && typeof value.chain === "string"
    ? value.chain
    : null;

const SLAB_BYTES = 8 * 1024; // one waiting message keeps no more than this
const ALONE_BYTES = 2 * 1024;

let slab: Writer = makeWriter(SLAB_BYTES);

/** A writer with room for so many bytes; small messages share an allocation, of which each byte is written once. */
const writerFor = (byteLength: number): Writer => {
  if (byteLength >= ALONE_BYTES) return makeWriter(byteLength);
  if (slab.bytes.length !== SLAB_BYTES || slab.at + byteLength > SLAB_BYTES) slab = makeWriter(SLAB_BYTES);
  return slab;
};

const kind = <T, const N extends number>(number: N, codec: Codec<T>, maxBytes: number): Kind<T, N> => ({
  number,
  codec,
  maxBytes,
  rewrite: (untrustedPayload) => {
    const decoded = decodeMessage(codec, untrustedPayload);
    if (!decoded.ok) return refuse(decoded.failure);
    const to = writerFor(untrustedPayload.length);
    const start = to.at;
    codec.write(to, decoded.value);
    return ok({ payload: to.bytes.subarray(start, to.at), chain: chainIn(decoded.value) });
  },
});

/** A kind whose content is opaque to everyone but its reader: checked, not copied. */
const opaqueKind = <T, const N extends number>(number: N, codec: Codec<T>, maxBytes: number): Kind<T, N> => ({
  ...kind(number, codec, maxBytes),
  rewrite: (untrustedPayload) => {
    const decoded = decodeMessage(codec, untrustedPayload);
    return decoded.ok ? ok({ payload: untrustedPayload, chain: null }) : refuse(decoded.failure);
  },
});

/**
 * Every message there is: frame kind, codec and largest payload in bytes (docs/limits.md).
 * 1-9 management, 10-19 appchain, 20-29 relay domain, 30-39 split network, 40-59 relay chain connections, 60-61 management.
 */
export const MESSAGES = {
  hello: kind(1, management.hello, 64 * KIB),
  start: kind(2, management.start, 1100 * KIB),
  heartbeat: kind(3, management.heartbeat, 16 * KIB),
  logLine: kind(4, management.logLine, 32 * KIB),
  control: kind(5, management.control, 4 * KIB),
  controlAnswer: kind(6, management.controlAnswer, 300 * KIB),
  admit: kind(7, management.admit, 64),
  portEvent: kind(8, management.portEvent, KIB),
  portCounters: kind(9, management.portCounters, 64 * KIB),

  headerReport: kind(10, appchain.headerReport, 32 * KIB),
  wantHeaders: kind(11, appchain.wantHeaders, 256),
  observed: kind(12, appchain.observed, MAX_FRAME_PAYLOAD_BYTES),
  scan: kind(13, appchain.scan, 256),
  submit: kind(14, appchain.submit, MAX_FRAME_PAYLOAD_BYTES),
  submitted: kind(15, appchain.submitted, KIB),
  query: kind(16, appchain.query, 64 * KIB),
  decided: kind(17, appchain.decided, 256 * KIB),
  privateBody: kind(18, appchain.privateBody, 256 * KIB),
  privateBodyTaken: kind(19, appchain.privateBodyTaken, KIB),

  publish: kind(20, relay.publish, 7 * KIB * KIB),
  publishAck: kind(21, relay.publishAck, 256 * KIB),
  wantBlocks: kind(22, relay.wantBlocks, 64),
  block: kind(23, relay.block, MAX_FRAME_PAYLOAD_BYTES),

  open: kind(30, network.open, 256),
  data: opaqueKind(31, network.data, 65 * KIB),
  credit: kind(32, network.credit, 64),
  close: kind(33, network.close, 256),

  relayChallenge: kind(40, relay.relayChallenge, 256),
  relayHello: kind(41, relay.relayHello, 512),
  checkBatch: kind(42, relay.checkBatch, 7 * KIB * KIB),
  checkedBatch: kind(43, relay.checkedBatch, 256 * KIB),
  proposal: kind(44, relay.proposal, 4 * KIB * KIB),
  vote: kind(45, relay.vote, 256),
  certified: kind(46, relay.certified, 8 * KIB),
  wantBodies: kind(47, relay.wantBodies, 64 * KIB),
  bodies: kind(48, relay.bodies, MAX_FRAME_PAYLOAD_BYTES),
  registration: kind(49, relay.registration, 1100 * KIB),
  registrationAck: kind(50, relay.registrationAck, KIB),
  relayRefusal: kind(51, relay.relayRefusal, KIB),
  voteRefused: kind(52, relay.voteRefused, KIB),
  votedProposal: kind(53, relay.votedProposal, 4 * KIB * KIB + 64),

  promote: kind(60, management.promote, 64),
  cutOff: kind(61, management.cutOff, 256),
} as const;

/** Name of a message kind. */
export type MessageName = keyof typeof MESSAGES;

/** Value type of a message kind. */
export type Message<N extends MessageName> =
  (typeof MESSAGES)[N]["codec"] extends Codec<infer T> ? T : never;

const isMessageName = (name: string): name is MessageName => Object.hasOwn(MESSAGES, name);

const BY_NUMBER = new Map<number, MessageName>(
  Object.keys(MESSAGES).filter(isMessageName).map((name) => [MESSAGES[name].number, name]),
);

/** Name of a frame kind, or null when there is none. */
export const messageName = (frameKind: number): MessageName | null => BY_NUMBER.get(frameKind) ?? null;

/** Largest payload of a frame kind, or null for an unknown one. */
export const maxPayloadBytes = (frameKind: number): number | null => {
  const name = messageName(frameKind);
  return name === null ? null : MESSAGES[name].maxBytes;
};

/** Overtakes other messages on a channel. Not open and close: they keep their place among the bytes of their stream. */
export const goesFirst = (frameKind: number): boolean => frameKind < 10 || frameKind === MESSAGES.credit.number || frameKind >= MESSAGES.promote.number;

/** Decodes a message of this kind and writes it again. Errors: wire.frame.kind, wire.message.*. */
export const rewriteMessage = (frameKind: number, untrustedPayload: Uint8Array): Result<Rewritten> => {
  const name = messageName(frameKind);
  if (name === null) return refuse({ code: "wire.frame.kind", facts: { kind: frameKind } });
  return MESSAGES[name].rewrite(untrustedPayload);
};
