import { concatBytes, equalBytes, toHex } from "@crossguardian/kernel";
import { wordOf } from "@crossguardian/protocol";
import { ENTRY_KIND, type Message, TX_STATUS } from "@crossguardian/wire";
import { type Call } from "../call.ts";
import { demand, Refusal } from "../refusal.ts";
import { requireAttested, requireEntry, type SubmittedEntry } from "./attested.ts";
import { receiptLog } from "./events.ts";
import { indexKey, MAX_CURSOR_STEPS, pairKey, RECEIPTS_PER_PAGE, type ServiceRecord, tables, ZERO32 } from "./store.ts";

type SubmittedBody = Message<"submit">["bodies"][number];

const WORD = 32;
const NO_BYTES = new Uint8Array(0);

const receiptHashOf = ({ powers }: Call, requestHash: Uint8Array, status: number, result: Uint8Array): Uint8Array =>
  powers.hashes.keccak256(concatBytes([requestHash, wordOf(status), powers.hashes.keccak256(result)]));

/** Non-zero exactly when the index is decided. */
export const receiptHash = async ({ ledger }: Call, pair: string, index: bigint): Promise<Uint8Array> => {
  const page = await tables.receipts.get(ledger, indexKey(pair, index / RECEIPTS_PER_PAGE));
  const at = Number(index % RECEIPTS_PER_PAGE) * WORD;
  return page?.subarray(at, at + WORD) ?? ZERO32;
};

const isDecided = async (call: Call, pair: string, index: bigint): Promise<boolean> => !equalBytes(await receiptHash(call, pair, index), ZERO32);

/** Every index up to this one is decided. */
export const inCursor = async ({ ledger }: Call, pair: string): Promise<bigint> => (await tables.inCursor.get(ledger, pair))?.index ?? 0n;

type Pair = { readonly key: string; readonly from: Uint8Array; readonly to: Uint8Array };

const pairOf = ({ powers }: Call, entry: SubmittedEntry): Pair => {
  const [from, to] = [powers.hashes.serviceKey(entry.from), powers.hashes.serviceKey(entry.to)];
  return { key: pairKey(from, to), from, to };
};

const decide = async (call: Call, pair: Pair, entry: SubmittedEntry, status: number, result: Uint8Array): Promise<void> => {
  const { index, requestHash } = entry;
  const key = indexKey(pair.key, index / RECEIPTS_PER_PAGE);
  const page = Uint8Array.from((await tables.receipts.get(call.ledger, key)) ?? new Uint8Array(Number(RECEIPTS_PER_PAGE) * WORD));
  page.set(receiptHashOf(call, requestHash, status, result), Number(index % RECEIPTS_PER_PAGE) * WORD);
  tables.receipts.put(call.ledger, key, page);
  call.ledger.emit(receiptLog({ from: pair.from, to: pair.to, index, requestHash, status, result }));
};

const advanceCursor = async (call: Call, pair: Pair): Promise<bigint> => {
  const before = await inCursor(call, pair.key);
  let cursor = before;
  for (let steps = 0; steps < MAX_CURSOR_STEPS && (await isDecided(call, pair.key, cursor + 1n)); steps += 1) cursor += 1n;
  if (cursor !== before) tables.inCursor.put(call.ledger, pair.key, { index: cursor });
  return cursor;
};

/** Why a proven entry may not be decided now; the relay's CANCEL ends it if that never changes. */
const isUndecidable = async (call: Call, pair: Pair, ordered: boolean, entry: SubmittedEntry, body: SubmittedBody): Promise<boolean> => {
  const source = await tables.service.get(call.ledger, toHex(pair.from));
  if (source?.local !== "" || !equalBytes(source.chain, body.srcChain) || !equalBytes(source.contract, body.srcContract)) return true;
  if ((await tables.pair.get(call.ledger, pair.key))?.frozen === true) return true;
  return ordered && (await inCursor(call, pair.key)) + 1n !== entry.index && (await advanceCursor(call, pair)) + 1n !== entry.index;
};

/** Why there is no service to call: the source rolls back by a FAILURE receipt. */
const unanswerable = async (call: Call, pair: Pair, service: ServiceRecord | null, isPrivate: boolean): Promise<string | null> => {
  if (service === null || !call.services.has(service.local)) return "UnknownService";
  if ((await tables.pair.get(call.ledger, pair.key))?.allowed !== true) return "PairRefused";
  return isPrivate && service.asset ? "PrivateRefused" : null;
};

/** First four bytes of keccak256 of the Solidity error's signature: the same result on either kind of chain. */
const selectorOf = ({ powers }: Call, reason: string): Uint8Array => powers.hashes.keccak256(new TextEncoder().encode(`${reason}()`)).slice(0, 4);

const answer = async (call: Call, pair: Pair, service: ServiceRecord | null, entry: SubmittedEntry, body: SubmittedBody) => {
  const reason = await unanswerable(call, pair, service, body.isPrivate);
  if (reason !== null) return { status: TX_STATUS.failure, result: selectorOf(call, reason) };
  const called = call.services.get(service?.local ?? "");
  if (called === undefined) throw new Error("a service that was there is gone");
  try {
    const result = await call.ledger.inFrame(async () => called.onRequest(call, pair.from, entry.index, body.func, body.args));
    return { status: TX_STATUS.success, result: result.slice(0, call.terms.maxResultBytes) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: TX_STATUS.failure, result: NO_BYTES };
  }
};

const executeOne = async (call: Call, root: Uint8Array, entry: SubmittedEntry, body: SubmittedBody): Promise<void> => {
  const { hashes } = call.powers;
  const pair = pairOf(call, entry);
  const { index } = entry;
  if (await isDecided(call, pair.key, index)) return;
  demand(entry.status === TX_STATUS.begin && equalBytes(entry.resultHash, ZERO32) && index > 0n, "EntryInvalid", { index });
  requireEntry(call, root, ENTRY_KIND.request, entry);
  const bodyHash = hashes.bodyHash({ func: body.func, args: body.args, salt: body.isPrivate ? body.salt : null });
  const { timeoutMs, priority } = body;
  const source = { chain: body.srcChain, contract: body.srcContract };
  const requestHash = hashes.requestHash({ source, from: entry.from, to: entry.to, index, bodyHash, timeoutMs, priority });
  demand(equalBytes(requestHash, entry.requestHash), "BodyMismatch", { index });
  const service = await tables.service.get(call.ledger, toHex(pair.to));
  if (await isUndecidable(call, pair, service?.ordered === true, entry, body)) return;
  const { status, result } = await answer(call, pair, service, entry, body);
  await decide(call, pair, entry, status, result);
  await advanceCursor(call, pair);
};

/** Runs requests in the order given (Destination.sol, execute). Decided entries are skipped; a refusal inside is a FAILURE receipt. */
export const execute = async (call: Call, { attestation, entries, bodies }: Message<"submit">): Promise<void> => {
  demand((await tables.gate.get(call.ledger, ""))?.paused !== true, "IsPaused");
  demand(entries.length === bodies.length, "LengthMismatch");
  await requireAttested(call, attestation);
  for (const [at, entry] of entries.entries()) {
    const body = bodies[at];
    if (body !== undefined) await executeOne(call, attestation.header.entriesRoot, entry, body);
  }
};

/** Cancels undecided indexes for ever, at any index, also when paused or frozen. */
export const cancel = async (call: Call, { attestation, entries }: Message<"submit">): Promise<void> => {
  await requireAttested(call, attestation);
  for (const entry of entries) {
    const pair = pairOf(call, entry);
    const { index } = entry;
    if (await isDecided(call, pair.key, index)) continue;
    demand(entry.status === TX_STATUS.beginRollback && equalBytes(entry.resultHash, ZERO32) && index > 0n, "EntryInvalid", { index });
    requireEntry(call, attestation.header.entriesRoot, ENTRY_KIND.cancel, entry);
    await decide(call, pair, entry, TX_STATUS.rollback, NO_BYTES);
    await advanceCursor(call, pair);
  }
};

/** Emits the receipt of a decided index again, for anyone. */
export const reemit = async (
  call: Call,
  receipt: { readonly from: Uint8Array; readonly to: Uint8Array; readonly index: bigint; readonly status: number; readonly result: Uint8Array; readonly requestHash: Uint8Array },
): Promise<void> => {
  const { from, to, index, status, result, requestHash } = receipt;
  const known = await receiptHash(call, pairKey(from, to), index);
  demand(equalBytes(known, receiptHashOf(call, requestHash, status, result)), "ReceiptMismatch", { index });
  call.ledger.emit(receiptLog(receipt));
};
