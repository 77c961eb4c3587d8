import { equalBytes, failure, type Failure, ok, refuse, type Result } from "@crossguardian/kernel";
import { type Message } from "@crossguardian/wire";
import { type BlockPlan, planBlock } from "../blocks/plan-block.ts";
import { MAX_TICK_AHEAD_MS } from "../blocks/tick.ts";
import { type AcceptedEntry } from "./check-batch.ts";
import { type KnownBatch } from "./known-batches.ts";
import { type ValidatorState } from "./validator-state.ts";

const entryOf = (state: ValidatorState, batch: KnownBatch, entry: number): AcceptedEntry | null => {
  const { result } = batch;
  return result?.ok === true && batch.nonce === state.registry.nonce ? (result.value.accepted.get(entry) ?? null) : null;
};

/** The proven entries a proposal takes; null while one of its batches is still being checked. */
const takenOf = (state: ValidatorState, message: Message<"proposal">): Result<readonly AcceptedEntry[]> | null => {
  const taken: AcceptedEntry[] = [];
  let isChecking = false;
  for (const { hash, entries } of message.batches) {
    const batch = state.batches.get(hash);
    if (batch === null) return refuse(failure("relaychain.proposal.batch", { what: "unknown" }));
    let last = -1;
    for (const entry of entries) {
      const accepted = entryOf(state, batch, entry);
      if (accepted !== null && entry > last) taken.push(accepted);
      else if (batch.result === null && entry > last) isChecking = true;
      else return refuse(failure("relaychain.proposal.batch", { entry, height: message.header.height }));
      last = entry;
    }
  }
  return isChecking ? null : ok(taken);
};

const checkHeader = (state: ValidatorState, { header }: Message<"proposal">): Failure | null => {
  const { head, registry } = state;
  const { height } = header;
  if (height !== head.height + 1n) return failure("relaychain.proposal.height", { height, head: head.height });
  if (!equalBytes(header.prevHash, head.hash)) return failure("relaychain.proposal.parent", { height });
  if (header.epoch !== registry.validators.epoch) return failure("relaychain.proposal.epoch", { height, epoch: header.epoch });
  const limit = BigInt(Math.trunc(state.powers.clock.wallMs())) + MAX_TICK_AHEAD_MS;
  if (header.tickMs < head.tickMs || header.tickMs > limit) {
    return failure("relaychain.proposal.tick", { height, tick: header.tickMs, head: head.tickMs, limit });
  }
  return null;
};

/**
 * Works a proposal out from what this validator has proven itself: child of the certified head, epoch, tick, only
 * entries it accepted, each following from the ledger, and the root. Null while a batch is being checked.
 * A freeze that came after an entry was accepted does not take it back: a proposal that t validators accepted must
 * stay one that they sign, or every chain would stop with the frozen one.
 * Errors: relaychain.proposal.*, protocol.entry.*, protocol.registry.*.
 */
export const judgeProposal = (state: ValidatorState, message: Message<"proposal">): Result<BlockPlan> | null => {
  const wrong = checkHeader(state, message);
  if (wrong !== null) return refuse(wrong);
  const taken = takenOf(state, message);
  if (taken?.ok !== true) return taken;
  const { registry, ledger, powers } = state;
  const { header, cancels, registrations } = message;
  const plan = planBlock(powers, { registry, ledger }, header.tickMs, { taken: taken.value, cancels, registrations });
  if (!plan.ok) return plan;
  return equalBytes(plan.value.root, header.entriesRoot)
    ? plan
    : refuse(failure("relaychain.proposal.root", { height: header.height }));
};
