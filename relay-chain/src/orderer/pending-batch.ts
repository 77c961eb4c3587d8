import { type EntryFacts } from "@crossguardian/wire";

/** An entry of a batch that is not ordered yet. */
export type Candidate = {
  readonly entry: number;
  readonly facts: EntryFacts;
  readonly timeoutMs: bigint;
  readonly key: string;
  /** The bxh transaction and its content id. */
  readonly body: Uint8Array;
  readonly cid: Uint8Array;
};

/** Where a batch stands with one validator. */
export type AskState = "unasked" | "asked" | "answered" | "later";

/** A batch on its way into blocks. Masks hold one bit per validator of the current epoch. */
export type PendingBatch = {
  readonly hash: Uint8Array;
  readonly hex: string;
  readonly publish: Uint8Array;
  readonly batchId: bigint;
  readonly receivedMs: number;
  readonly candidates: Map<number, Candidate>;
  /** Entries that will not be ordered, with their codes. */
  readonly refused: Map<number, string>;
  readonly asks: AskState[];
  /** Answers still to come to questions that are void. */
  readonly stale: number[];
  acceptedMask: number;
  declinedMask: number;
  declinedCode: string;
  readonly refusalMasks: Map<number, number>;
  readonly refusalCodes: Map<number, string>;
  isDurable: boolean;
  isAcked: boolean;
};

/** How many validators there are and how many must agree. */
export type Rule = { readonly n: number; readonly t: number };

/** Number of set bits. */
export const countBits = (mask: number): number => {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1;
  return count;
};

/** Validators that accept one entry of a batch. */
export const acceptanceOf = (batch: PendingBatch, entry: number): number =>
  batch.acceptedMask & ~(batch.refusalMasks.get(entry) ?? 0);

/** Forgets every answer: the registry or the validators have changed. */
export const resetAnswers = (batch: PendingBatch, validators: number): void => {
  batch.acceptedMask = 0;
  batch.declinedMask = 0;
  batch.refusalMasks.clear();
  batch.refusalCodes.clear();
  for (let at = 0; at < validators; at += 1) {
    batch.stale[at] = (batch.stale[at] ?? 0) + (batch.asks[at] === "asked" ? 1 : 0);
    batch.asks[at] = "unasked";
  }
  batch.asks.length = validators;
};

/** Forgets what one validator said: it came back, perhaps without memory. */
export const resetValidator = (batch: PendingBatch, validator: number): void => {
  const bit = 1 << validator;
  batch.acceptedMask &= ~bit;
  batch.declinedMask &= ~bit;
  for (const [entry, mask] of batch.refusalMasks) batch.refusalMasks.set(entry, mask & ~bit);
  batch.asks[validator] = "unasked";
  batch.stale[validator] = 0;
};

/** Notes a validator's acceptance; `refused` are the entries it does not accept. */
export const noteAccepted = (
  batch: PendingBatch,
  validator: number,
  refused: readonly { readonly entry: number; readonly code: string }[],
): void => {
  const bit = 1 << validator;
  batch.acceptedMask |= bit;
  for (const { entry, code } of refused) {
    if (!batch.candidates.has(entry)) continue;
    batch.refusalMasks.set(entry, (batch.refusalMasks.get(entry) ?? 0) | bit);
    batch.refusalCodes.set(entry, code);
  }
};

/** Moves entries that can no longer reach t acceptances from the candidates to the refused ones. */
export const dropHopeless = (batch: PendingBatch, { n, t }: Rule): void => {
  for (const entry of batch.candidates.keys()) {
    const against = batch.declinedMask | (batch.refusalMasks.get(entry) ?? 0);
    if (countBits(against) <= n - t) continue;
    batch.refused.set(entry, batch.refusalCodes.get(entry) ?? batch.declinedCode);
    batch.candidates.delete(entry);
  }
};

/** True when every entry that is left is accepted by t validators. */
export const isDecided = (batch: PendingBatch, rule: Rule): boolean => {
  for (const entry of batch.candidates.keys()) {
    if (countBits(acceptanceOf(batch, entry)) < rule.t) return false;
  }
  return true;
};

/**
 * Chooses entries for a block, oldest batch first, so that at least t validators accept all of them together: a mix
 * that no t validators accept in common would never be certified.
 */
export const chooseEntries = (
  batches: Iterable<PendingBatch>,
  rule: Rule,
  bounds: { readonly entries: number; readonly batches: number; readonly bodyBytes: number },
): { readonly batch: PendingBatch; readonly taken: readonly Candidate[] }[] => {
  const chosen: { readonly batch: PendingBatch; readonly taken: Candidate[] }[] = [];
  const touched = new Set<string>();
  let common = -1;
  let left = bounds.entries;
  let bytesLeft = bounds.bodyBytes;
  for (const batch of batches) {
    if (left === 0 || chosen.length === bounds.batches) break;
    if (!batch.isDurable || countBits(batch.acceptedMask) < rule.t) continue;
    const taken: Candidate[] = [];
    for (const candidate of batch.candidates.values()) {
      if (taken.length >= left) break;
      const next = common & acceptanceOf(batch, candidate.entry);
      if (countBits(next) < rule.t || touched.has(candidate.key) || candidate.body.length > bytesLeft) continue;
      common = next;
      touched.add(candidate.key);
      bytesLeft -= candidate.body.length;
      taken.push(candidate);
    }
    if (taken.length === 0) continue;
    left -= taken.length;
    chosen.push({ batch, taken });
  }
  return chosen;
};
