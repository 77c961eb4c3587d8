/** When a block is cut (Fabric's BatchSize and BatchTimeout). */
export type BatchRules = { readonly maxTransactions: number; readonly maxBytes: number; readonly timeoutMs: number };

/** Takes envelopes and hands them on in blocks. */
export type Orderer = { readonly order: (envelope: Uint8Array) => void; readonly stop: () => void };

/** Makes the orderer; `commit` is called for one block after the other. */
export const makeOrderer = (rules: BatchRules, commit: (envelopes: readonly Uint8Array[]) => Promise<void>): Orderer => {
  let pending: Uint8Array[] = [];
  let bytes = 0;
  let timer: NodeJS.Timeout | null = null;
  let committing = Promise.resolve();

  const cut = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (pending.length === 0) return;
    const batch = pending;
    pending = [];
    bytes = 0;
    committing = committing.then(async () => commit(batch));
  };

  return {
    order: (envelope) => {
      if (bytes + envelope.length > rules.maxBytes) cut();
      pending.push(envelope);
      bytes += envelope.length;
      if (pending.length >= rules.maxTransactions) cut();
      else timer ??= setTimeout(cut, rules.timeoutMs);
    },
    stop: () => {
      if (timer !== null) clearTimeout(timer);
    },
  };
};
