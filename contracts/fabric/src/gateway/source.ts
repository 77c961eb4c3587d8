import { equalBytes, toHex, utf8 } from "@crossguardian/kernel";
import { encodeCall } from "@crossguardian/protocol";
import { ENTRY_KIND, type Message, TX_STATUS } from "@crossguardian/wire";
import { type Call } from "../call.ts";
import { demand, Refusal } from "../refusal.ts";
import { requireAttested, requireEntry, type SubmittedEntry } from "./attested.ts";
import { requestLog, settledLog } from "./events.ts";
import { indexKey, MAX_CURSOR_STEPS, pairKey, STATES_PER_PAGE, tables } from "./store.ts";

/** What requestState answers: undecided, committed, rolled back. */
export const STATE = { pending: 0, committed: 1, rolledBack: 2 } as const;

const MAX_BODY_BYTES = 16_384;
const NO_TEXT = "";

/** What a service asks of a service of another chain. */
export type Ask = { readonly to: Uint8Array; readonly timeoutMs: bigint; readonly priority: number };

/** State of a request that left here. */
export const stateOf = async ({ ledger }: Call, pair: string, index: bigint): Promise<number> => {
  const page = await tables.states.get(ledger, indexKey(pair, index / STATES_PER_PAGE));
  const at = Number(index % STATES_PER_PAGE);
  return ((page?.[at >> 2] ?? 0) >> ((at & 3) * 2)) & 3;
};

const setState = async ({ ledger }: Call, pair: string, index: bigint, state: number): Promise<void> => {
  const key = indexKey(pair, index / STATES_PER_PAGE);
  const page = Uint8Array.from((await tables.states.get(ledger, key)) ?? new Uint8Array(Number(STATES_PER_PAGE) / 4));
  const at = Number(index % STATES_PER_PAGE);
  page[at >> 2] = (page[at >> 2] ?? 0) | (state << ((at & 3) * 2));
  tables.states.put(ledger, key, page);
};

/** Every request up to this one is settled. */
export const settledUpTo = async ({ ledger }: Call, pair: string): Promise<bigint> => (await tables.settledUpTo.get(ledger, pair))?.index ?? 0n;

const advanceSettled = async (call: Call, pair: string): Promise<bigint> => {
  const before = await settledUpTo(call, pair);
  let upTo = before;
  for (let steps = 0; steps < MAX_CURSOR_STEPS && (await stateOf(call, pair, upTo + 1n)) !== STATE.pending; steps += 1) upTo += 1n;
  if (upTo !== before) tables.settledUpTo.put(call.ledger, pair, { index: upTo });
  return upTo;
};

/** Takes the next index of a pair and keeps the commitment (Source.sol, open). */
const open = async (call: Call, from: Uint8Array, { to, timeoutMs, priority }: Ask, bodyHash: Uint8Array) => {
  const { ledger, terms, powers } = call;
  demand((await tables.gate.get(ledger, ""))?.paused !== true, "IsPaused");
  const pair = pairKey(from, to);
  const rules = await tables.pair.get(ledger, pair);
  demand(rules?.allowed === true, "PairNotAllowed");
  demand(rules?.frozen !== true, "PairIsFrozen");
  const remote = await tables.service.get(ledger, toHex(to));
  const own = await tables.service.get(ledger, toHex(from));
  if (remote === null || own === null) throw new Refusal("PairNotAllowed");
  demand((await tables.closed.get(ledger, toHex(remote.chain)))?.closed !== true, "ChainIsClosed");
  demand(timeoutMs >= terms.minTimeoutMs && timeoutMs <= terms.maxTimeoutMs, "TimeoutOutsideLimits", { timeoutMs });
  const out = (await tables.out.get(ledger, pair)) ?? { index: 0n, settled: 0n };
  let { settled } = out;
  if (out.index - settled >= BigInt(terms.window)) {
    settled = await advanceSettled(call, pair);
    demand(out.index - settled < BigInt(terms.window), "WindowFull", { settledUpTo: settled, outIndex: out.index });
  }
  const index = out.index + 1n;
  tables.out.put(ledger, pair, { index, settled });
  const requestHash = powers.hashes.requestHash({
    source: { chain: terms.chain, contract: terms.contract }, from: own.id, to: remote.id, index, bodyHash, timeoutMs, priority,
  });
  tables.commitment.put(ledger, indexKey(pair, index), requestHash);
  return { index, requestHash };
};

/** Asks service `to` to run func(args); only a service of this package can call it. The event carries the body. */
export const request = async (call: Call, from: Uint8Array, ask: Ask, func: string, args: readonly Uint8Array[]): Promise<bigint> => {
  const encoded = encodeCall(func, args);
  demand(encoded.length <= MAX_BODY_BYTES && utf8(func).length <= 64, "BodyTooLarge", { bodyBytes: encoded.length });
  const bodyHash = call.powers.hashes.keccak256(encoded);
  const { index, requestHash } = await open(call, from, ask, bodyHash);
  const { to, timeoutMs, priority } = ask;
  call.ledger.emit(requestLog({ from, to, index, requestHash, bodyHash, timeoutMs, priority, isPrivate: false, func, args }));
  return index;
};

/** As request, with a body known only by its salted hash. Not for services that move assets. */
export const requestPrivate = async (call: Call, from: Uint8Array, ask: Ask, bodyHash: Uint8Array): Promise<bigint> => {
  demand((await tables.service.get(call.ledger, toHex(from)))?.asset === false, "PrivateAsset");
  const { index, requestHash } = await open(call, from, ask, bodyHash);
  const { to, timeoutMs, priority } = ask;
  call.ledger.emit(requestLog({ from, to, index, requestHash, bodyHash, timeoutMs, priority, isPrivate: true, func: NO_TEXT, args: [] }));
  return index;
};

const freeze = async ({ ledger }: Call, from: Uint8Array, to: Uint8Array): Promise<void> => {
  for (const pair of [pairKey(from, to), pairKey(to, from)]) {
    tables.pair.put(ledger, pair, { allowed: (await tables.pair.get(ledger, pair))?.allowed ?? false, frozen: true });
  }
};

const settleOne = async (call: Call, root: Uint8Array, entry: SubmittedEntry, result: Uint8Array): Promise<void> => {
  const { ledger, powers, services } = call;
  const { index, status } = entry;
  demand(status >= TX_STATUS.success && status <= TX_STATUS.rollback, "StatusInvalid", { status });
  const [from, to] = [powers.hashes.serviceKey(entry.from), powers.hashes.serviceKey(entry.to)];
  const pair = pairKey(from, to);
  if ((await stateOf(call, pair, index)) !== STATE.pending) return;
  requireEntry(call, root, ENTRY_KIND.receipt, entry);
  demand(equalBytes(powers.hashes.resultHash(result), entry.resultHash), "ResultMismatch", { index });
  const commitment = await tables.commitment.get(ledger, indexKey(pair, index));
  if (commitment === null || !equalBytes(commitment, entry.requestHash)) {
    await freeze(call, from, to);
    return;
  }
  await setState(call, pair, index, status === TX_STATUS.success ? STATE.committed : STATE.rolledBack);
  ledger.emit(settledLog({ from, to, index, status }));
  const service = services.get((await tables.service.get(ledger, toHex(from)))?.local ?? "");
  try {
    if (service === undefined) throw new Refusal("UnknownService");
    await ledger.inFrame(async () => service.onReceipt(call, to, index, status, result));
  } catch (error) {
    // Whatever the service does, the settled state stands; a refund stays claimable by its owner.
    if (!(error instanceof Refusal)) throw error;
  }
  if (index === (await settledUpTo(call, pair)) + 1n) await advanceSettled(call, pair);
};

/** Commits or rolls back requests by receipts of their destination contract (Source.sol, settle). Settled entries are skipped. */
export const settle = async (call: Call, { attestation, entries, results }: Message<"submit">): Promise<void> => {
  demand(entries.length === results.length, "LengthMismatch");
  await requireAttested(call, attestation);
  for (const [at, entry] of entries.entries()) await settleOne(call, attestation.header.entriesRoot, entry, results[at] ?? new Uint8Array(0));
};
