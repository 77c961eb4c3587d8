import { CodedError, type Hash, utf8 } from "@crossguardian/kernel";
import { type Attestation, type Message, SUBMIT_CALL } from "@crossguardian/wire";
import { type AbiWriter, makeAbiWriter } from "./abi-writer.ts";

/** A submission as it came from the interaction domain. */
export type Submission = Message<"submit">;

/** Encodes calls of the gateway contract (contracts/evm, Gateway). */
export type GatewayCalls = {
  /** Calldata for entries [low, high) of a submission. @throws evm.submit.malformed */
  readonly submission: (submission: Submission, low: number, high: number) => Uint8Array;
  /** decidedWindow (side 2) or settledWindow (side 1). */
  readonly window: (side: 1 | 2, from: string, to: string, base: bigint, count: number) => Uint8Array;
  /** outIndex (side 1) or inCursor (side 2). */
  readonly last: (side: 1 | 2, from: string, to: string) => Uint8Array;
};

const HEADER = "(uint64,uint64,bytes32,uint64,bytes32)";
const ENTRY = "(bytes32,bytes32,uint64,bytes32,uint8,bytes32,uint32,bytes32[])";
const BODY = "(bytes32,bytes32,uint64,uint8,bool,bytes32,string,bytes[])";
const SELECTOR_BYTES = 4;
const ADDRESS_BYTES = 20;
const MAX_CACHED_KEYS = 4096;

type KeyOf = (serviceId: string) => Uint8Array;

const writeHeader = (to: AbiWriter, { header }: Attestation): void => {
  to.number(header.epoch);
  to.number(header.height);
  to.word(header.prevHash);
  to.number(header.tickMs);
  to.word(header.entriesRoot);
};

const writeEntry = (to: AbiWriter, keyOf: KeyOf, entry: Submission["entries"][number]): void => {
  const base = to.at();
  to.word(keyOf(entry.from));
  to.word(keyOf(entry.to));
  to.number(entry.index);
  to.word(entry.requestHash);
  to.number(entry.status);
  to.word(entry.resultHash);
  to.number(entry.position);
  const siblings = to.offset();
  to.fill(siblings, base);
  to.words(entry.siblings);
};

const writeBody = (to: AbiWriter, body: Submission["bodies"][number]): void => {
  const base = to.at();
  to.word(body.srcChain);
  to.word(body.srcContract);
  to.number(body.timeoutMs);
  to.number(body.priority);
  to.number(body.isPrivate ? 1 : 0);
  to.word(body.salt);
  const func = to.offset();
  const args = to.offset();
  to.fill(func, base);
  to.text(body.func);
  to.fill(args, base);
  to.dynamicArray(body.args, to.bytes);
};

const makeKeyCache = (keccak256: Hash): KeyOf => {
  const keys = new Map<string, Uint8Array>();
  return (id) => {
    let key = keys.get(id);
    if (key === undefined) {
      if (keys.size >= MAX_CACHED_KEYS) keys.clear();
      key = keccak256(utf8(id));
      keys.set(id, key);
    }
    return key;
  };
};

/** Makes the encoder; service ids become their on-chain keys, keccak256 of the text. */
export const makeGatewayCalls = (powers: { readonly keccak256: Hash }): GatewayCalls => {
  const selector = (signature: string): Uint8Array => powers.keccak256(utf8(signature)).slice(0, SELECTOR_BYTES);
  const selectors = {
    execute: selector(`execute(${HEADER},bytes[],${ENTRY}[],${BODY}[])`),
    settle: selector(`settle(${HEADER},bytes[],${ENTRY}[],bytes[])`),
    cancel: selector(`cancel(${HEADER},bytes[],${ENTRY}[])`),
    rotate: selector(`rotate(${HEADER},bytes[],address[],uint8,uint32,bytes32[])`),
    decidedWindow: selector("decidedWindow(bytes32,bytes32,uint64,uint64)"),
    settledWindow: selector("settledWindow(bytes32,bytes32,uint64,uint64)"),
    outIndex: selector("outIndex(bytes32,bytes32)"),
    inCursor: selector("inCursor(bytes32,bytes32)"),
  };
  const keyOf = makeKeyCache(powers.keccak256);

  const rotate = (submission: Submission): Uint8Array => {
    const [entry] = submission.entries;
    const [set] = submission.results;
    if (entry === undefined || set === undefined || set.length % ADDRESS_BYTES !== 1) {
      throw new CodedError("evm.submit.malformed", { call: "rotate" });
    }
    const to = makeAbiWriter(selectors.rotate);
    const base = to.at();
    writeHeader(to, submission.attestation);
    const signatures = to.offset();
    const validators = to.offset();
    to.number(set.at(-1) ?? 0);
    to.number(entry.position);
    const siblings = to.offset();
    to.fill(signatures, base);
    to.dynamicArray(submission.attestation.signatures, to.bytes);
    to.fill(validators, base);
    const count = Math.floor(set.length / ADDRESS_BYTES);
    to.number(count);
    for (let at = 0; at < count; at += 1) to.word(set.subarray(at * ADDRESS_BYTES, (at + 1) * ADDRESS_BYTES));
    to.fill(siblings, base);
    to.words(entry.siblings);
    return to.done();
  };

  const batch = (submission: Submission, low: number, high: number): Uint8Array => {
    const { call, attestation, entries, bodies, results } = submission;
    const name = call === SUBMIT_CALL.execute ? "execute" : call === SUBMIT_CALL.settle ? "settle" : "cancel";
    const extras = name === "execute" ? bodies.length : name === "settle" ? results.length : entries.length;
    if (extras !== entries.length) throw new CodedError("evm.submit.malformed", { call: name });
    const to = makeAbiWriter(selectors[name]);
    const base = to.at();
    writeHeader(to, attestation);
    const signatures = to.offset();
    const list = to.offset();
    const extra = name === "cancel" ? null : to.offset();
    to.fill(signatures, base);
    to.dynamicArray(attestation.signatures, to.bytes);
    to.fill(list, base);
    to.dynamicArray(entries.slice(low, high), (entry) => writeEntry(to, keyOf, entry));
    if (extra !== null) {
      to.fill(extra, base);
      if (name === "execute") to.dynamicArray(bodies.slice(low, high), (body) => writeBody(to, body));
      else to.dynamicArray(results.slice(low, high), to.bytes);
    }
    return to.done();
  };

  const pairCall = (name: "outIndex" | "inCursor" | "decidedWindow" | "settledWindow", from: string, to: string): AbiWriter => {
    const writer = makeAbiWriter(selectors[name]);
    writer.word(keyOf(from));
    writer.word(keyOf(to));
    return writer;
  };

  return {
    submission: (submission, low, high) =>
      submission.call === SUBMIT_CALL.rotate ? rotate(submission) : batch(submission, low, high),
    window: (side, from, to, base, count) => {
      const writer = pairCall(side === 1 ? "settledWindow" : "decidedWindow", from, to);
      writer.number(base);
      writer.number(count);
      return writer.done();
    },
    last: (side, from, to) => pairCall(side === 1 ? "outIndex" : "inCursor", from, to).done(),
  };
};
