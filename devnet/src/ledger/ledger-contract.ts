import { CodedError, compareBytes, equalBytes, type Hash, type Secp256k1, toHex, utf8 } from "@crossguardian/kernel";
import { assetArgs, LEDGER_EVENT, type LedgerEvent } from "@crossguardian/proof";
import { checkSubmission, makeHashes } from "@crossguardian/protocol";
import { type Message, SUBMIT_CALL, TX_STATUS } from "@crossguardian/wire";
import { type LedgerTerms } from "./ledger-terms.ts";

type Pending = { readonly requestHash: Uint8Array; readonly amount: bigint };
type Pair = { out: bigint; readonly pending: Map<bigint, Pending>; readonly settled: Set<bigint>; readonly decided: Set<bigint>; locked: bigint };
type Submit = Message<"submit">;

/** A user's wish to move the ledger's own asset to a peer. */
export type LedgerLock = { readonly peer: string; readonly amount: bigint; readonly receiver: Uint8Array; readonly timeoutMs: bigint };

/** Gateway contract and vault of a development ledger, in memory. It asks for the same attestations as the contracts of other chains; it has no accounts. */
export type LedgerContract = {
  /** Null: no such peer. */
  readonly lock: (lock: LedgerLock) => LedgerEvent | null;
  /** Events of the entries that are not decided yet. @throws protocol.attestation.*, protocol.submission.mismatch */
  readonly submit: (order: Submit) => readonly LedgerEvent[];
  readonly query: (order: Message<"query">) => Message<"decided">["pairs"];
  readonly lockedFor: (peer: string) => bigint;
};

const NOTHING = new Uint8Array(0);
const ZERO32 = new Uint8Array(32);
const WORD_BYTES = 32;
const REASON_REFUSED = Uint8Array.of(1);

const bitmapOf = (base: bigint, count: number, has: (index: bigint) => boolean): Uint8Array => {
  const bitmap = new Uint8Array(Math.ceil(count / 8));
  for (let at = 0; at < count; at += 1) if (has(base + BigInt(at))) bitmap[at >> 3] = (bitmap[at >> 3] ?? 0) | (1 << (at & 7));
  return bitmap;
};

/** Makes a contract without a transfer. */
export const makeLedgerContract = (powers: { readonly keccak256: Hash; readonly secp256k1: Pick<Secp256k1, "recoverAddress"> }, terms: LedgerTerms): LedgerContract => {
  const hashes = makeHashes(powers.keccak256);
  const self = { chain: terms.chainWord, contract: terms.contract };
  const pairs = new Map<string, Pair>(terms.peers.map(({ service }) => [service, { out: 0n, pending: new Map(), settled: new Set(), decided: new Set(), locked: 0n }]));
  const keyOf = (service: string): Uint8Array => powers.keccak256(utf8(service));
  const event = (one: Pick<LedgerEvent, "type" | "fromKey" | "toKey" | "index"> & Partial<LedgerEvent>): LedgerEvent => ({
    emitter: terms.contract, requestHash: ZERO32, bodyHash: ZERO32, timeoutMs: 0n, priority: 0, isPrivate: false, func: "", args: [], status: 0, result: NOTHING, ...one,
  });

  /** Pays out what was locked, when the body says so and so much is there. */
  const released = (pair: Pair, service: string, body: Submit["bodies"][number]): boolean => {
    const peer = terms.peers.find((each) => each.service === service);
    const [receiver = NOTHING, amountWord = NOTHING] = body.args;
    if (peer === undefined || !equalBytes(body.srcChain, peer.chain) || !equalBytes(body.srcContract, peer.contract)) return false;
    if (body.func !== "release" || body.isPrivate || receiver.length !== WORD_BYTES || amountWord.length !== WORD_BYTES || compareBytes(receiver, ZERO32) === 0) return false;
    const amount = BigInt(`0x${toHex(amountWord)}`);
    if (amount > pair.locked) return false;
    pair.locked -= amount;
    return true;
  };

  const decide = (order: Submit, at: number): LedgerEvent | null => {
    const entry = order.entries[at];
    if (entry === undefined) return null;
    const isSettle = order.call === SUBMIT_CALL.settle;
    const [own, service] = isSettle ? [entry.from, entry.to] : [entry.to, entry.from];
    const pair = pairs.get(service);
    if (own !== terms.service || pair === undefined) throw new CodedError("protocol.submission.mismatch", { what: "service" });
    const call = isSettle ? "settle" : order.call === SUBMIT_CALL.cancel ? "cancel" : "execute";
    const body = order.bodies[at] ?? null;
    const validators = { epoch: terms.epoch, validators: terms.validators, threshold: terms.threshold };
    checkSubmission({ hashes, secp256k1: powers.secp256k1 }, { relayGenesis: terms.relayGenesis, validators, self }, { call, attestation: order.attestation, entry, body, result: order.results[at] ?? NOTHING });
    const { index, requestHash, status } = entry;
    if (isSettle) {
      const open = pair.pending.get(index);
      if (open === undefined) return null;
      if (!equalBytes(open.requestHash, requestHash)) throw new CodedError("protocol.submission.mismatch", { what: "requestHash" });
      pair.pending.delete(index);
      pair.settled.add(index);
      if (status !== TX_STATUS.success) pair.locked -= open.amount;
      return event({ type: LEDGER_EVENT.settled, fromKey: keyOf(own), toKey: keyOf(service), index, status });
    }
    if (pair.decided.has(index)) return null;
    pair.decided.add(index);
    const outcome = call === "cancel" ? TX_STATUS.rollback : body !== null && released(pair, service, body) ? TX_STATUS.success : TX_STATUS.failure;
    return event({
      type: LEDGER_EVENT.receipt, fromKey: keyOf(service), toKey: keyOf(own), index, requestHash, status: outcome, result: outcome === TX_STATUS.failure ? REASON_REFUSED : NOTHING,
    });
  };

  return {
    lock: ({ peer, amount, receiver, timeoutMs }) => {
      const pair = pairs.get(peer);
      if (pair === undefined) return null;
      pair.out += 1n;
      pair.locked += amount;
      const [func, args] = ["mint", assetArgs(receiver, amount)] as const;
      const bodyHash = hashes.bodyHash({ func, args, salt: null });
      const requestHash = hashes.requestHash({ source: self, from: terms.service, to: peer, index: pair.out, bodyHash, timeoutMs, priority: 0 });
      pair.pending.set(pair.out, { requestHash, amount });
      return event({ type: LEDGER_EVENT.request, fromKey: keyOf(terms.service), toKey: keyOf(peer), index: pair.out, requestHash, bodyHash, timeoutMs, func, args: [...args] });
    },
    submit: (order) => order.entries.flatMap((_, at) => decide(order, at) ?? []),
    query: (order) =>
      order.pairs.flatMap(({ from, to, side, base, count }) => {
        const isSource = side === 1;
        const pair = pairs.get(isSource ? to : from);
        if (pair === undefined || (isSource ? from : to) !== terms.service) return [];
        const done = isSource ? pair.settled : pair.decided;
        let last = isSource ? pair.out : 0n;
        while (!isSource && pair.decided.has(last + 1n)) last += 1n;
        return [{ from, to, side, base, last, bitmap: bitmapOf(base, count, (index) => done.has(index)) }];
      }),
    lockedFor: (peer) => pairs.get(peer)?.locked ?? 0n,
  };
};
