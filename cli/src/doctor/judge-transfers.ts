import { type ChainState, LOOKBACK_BLOCKS } from "@crossguardian/world";

import { type EntryFacts, type Facts } from "./facts.ts";
import { type Finding, finding, type FindingCode, type FindingDraft, span } from "./finding.ts";

/** Time a transfer may take beyond the finality of its two chains, in ms. */
export const TRANSFER_PATIENCE_MS = 30_000;
/** Transfers that are named one by one; the oldest. */
export const MAX_NAMED_TRANSFERS = 20;

/** A transfer as far as it is known: from its source chain, or from a gateway alone. */
type Open = { readonly id: string; readonly source: string; readonly ageMs: number; readonly timeoutMs: number | null; readonly block: number | null; readonly decided: { readonly chain: string; readonly block: number } | null };
type Stage = { readonly code: FindingCode; readonly detail: string; readonly next: string; readonly fix: string };

const ID = /^[A-Za-z0-9._:-]{1,360}$/u;
const trace = (id: string): string => `./crossguardian trace "${id}"`;
const chainOf = (service: string): string => service.split(":")[1] ?? "";
const targetOf = (id: string): string => chainOf(id.split("-")[1] ?? "");

const stayed = ({ stageMs, attempts, gateway }: EntryFacts): string => `${gateway} has had it there for ${span(stageMs)}${attempts > 0 ? `, attempt ${attempts + 1}` : ""}`;

const PUBLISHES = "its gateway publishes it again until the relay chain has answered";
const SUBMITS = "it is submitted again until the contract has decided it; the contract skips what is decided already";

const publishing = (entry: EntryFacts, id: string): Stage | null => {
  if (entry.stage === "refused") {
    return { code: "doctor.transfer.refused", detail: `with ${entry.refusal === "" ? "?" : entry.refusal}; ${stayed(entry)}`, next: "it is published again, slower each time", fix: "look the code up in docs/errors.md; usually a registration is missing: ./crossguardian service register" };
  }
  if (!["queued", "sent", "taken"].includes(entry.stage)) return null;
  return { code: "doctor.transfer.unpublished", detail: `${entry.stage}; ${stayed(entry)}`, next: PUBLISHES, fix: `look for findings about the relay chain; ${trace(id)}` };
};

const submitting = (entry: EntryFacts, id: string): Stage | null => {
  const fix = `look for findings about chain ${entry.chain} and its account; ./crossguardian logs plugin-${entry.chain.toLowerCase()}; ${trace(id)}`;
  if (entry.stage === "waitBody") return { code: "doctor.transfer.body", detail: `the relay chain has it without its body; ${stayed(entry)}`, next: "the body is asked for twice a second; without it the transfer is cancelled after its deadline", fix: "look at the orderer, or start an archive" };
  if (entry.stage === "queued") return { code: "doctor.transfer.unsubmitted", detail: `${entry.what}; ${stayed(entry)}`, next: "it is submitted once its chain is scanned up to its tip and there is room", fix };
  if (entry.stage === "submitted" || entry.stage === "asked") return { code: "doctor.transfer.unmined", detail: `${entry.what}; ${stayed(entry)}`, next: SUBMITS, fix };
  return null;
};

const awaitingFinality = (what: string, state: ChainState | null, block: number | null): Stage | null => {
  if (state === null || block === null || block <= Number(state.tip) - state.depth) return null;
  const left = block - (Number(state.tip) - state.depth);
  return {
    code: "doctor.transfer.finality", detail: `${what} in block ${block} of chain ${state.name}, tip ${state.tip}, depth ${state.depth}`,
    next: `${left} more blocks${state.blockTimeMs > 0 ? `, about ${span(left * state.blockTimeMs)}` : ", when the chain mines some"}`, fix: "wait; a chain that mines nothing has to go on",
  };
};

const awaitingHeaders = (facts: Facts, chain: string, block: number | null): Stage | null => {
  const watch = facts.houses.flatMap(({ watches }) => watches ?? []).find((each) => each.chain === chain);
  if (watch === undefined || block === null || (watch.quorumHeight ?? -1) >= block) return null;
  return { code: "doctor.transfer.quorum", detail: `block ${block} of chain ${chain}; agreed up to ${watch.quorumHeight ?? "no block"}`, next: "it goes on when enough witnesses report the block", fix: `look for findings about chain ${chain}` };
};

const stageOf = (facts: Facts, open: Open): Stage => {
  const { id, source, decided } = open;
  const entries = facts.houses.flatMap((house) => house.entries).filter((each) => each.id === id);
  const entryOf = (what: string): EntryFacts | undefined => entries.find((each) => each.what === what);
  const stateOf = (chain: string): ChainState | null => facts.chains.chains.find(({ name }) => name === chain) ?? null;
  const [request, execute, cancel, receipt, settle] = ["request", "execute", "cancel", "receipt", "settle"].map(entryOf);
  const onItsWay = settle === undefined ? null : submitting(settle, id);
  if (onItsWay !== null) return onItsWay;
  if (decided !== null || receipt !== undefined || execute?.stage === "decided") {
    const chain = decided?.chain ?? targetOf(id);
    return (
      (receipt === undefined ? null : publishing(receipt, id)) ??
      awaitingFinality("the receipt is", stateOf(chain), decided?.block ?? null) ??
      awaitingHeaders(facts, chain, decided?.block ?? null) ??
      { code: "doctor.transfer.receipt", detail: `decided on chain ${chain}`, next: "its receipt is proven, published and brought back by itself", fix: `look for findings about chain ${chain} and the relay chain; ${trace(id)}` }
    );
  }
  if (cancel !== undefined || execute?.stage === "superseded") {
    const at = cancel === undefined ? "" : stayed(cancel);
    return { code: "doctor.transfer.cancel", detail: `the relay chain has ordered CANCEL; ${at}`, next: `${SUBMITS}; then the source rolls back`, fix: `look for findings about chain ${targetOf(id)} and its account` };
  }
  const executing = execute === undefined ? null : submitting(execute, id);
  if (executing !== null) return executing;
  if (request !== undefined) {
    if (request.stage === "waitBody") {
      return { code: "doctor.transfer.body", detail: `nobody handed the private body in; ${stayed(request)}`, next: "after half of its timeout it is published without the body and can only be cancelled", fix: "the sender's client hands the body in at the plugin's intake" };
    }
    return publishing(request, id) ?? {
      code: "doctor.transfer.ordered", detail: stayed(request), next: "the gateway of its destination takes it up; after the deadline the relay chain orders CANCEL",
      fix: `look for findings about chain ${targetOf(id)} and its gateway; ${trace(id)}`,
    };
  }
  const place = open.block;
  return (
    awaitingFinality("the request is", stateOf(source), place) ??
    awaitingHeaders(facts, source, place) ??
    { code: "doctor.transfer.unseen", detail: `on chain ${source}`, next: "its plugin scans on and tells of it", fix: `look for findings about chain ${source} and its plugin; ./crossguardian logs plugin-${source.toLowerCase()}` }
  );
};

/** Open transfers: those the chains show, and of the gateways' own those that are older or whose chain is silent. */
const openOf = ({ chains, houses, nowMs }: Facts): readonly Open[] => {
  const seen = chains.undecided.map(({ id, key, source, atMs, timeoutMs, block, decided }): Open => ({
    id: ID.test(id) ? id : key, source, ageMs: nowMs - atMs, timeoutMs, block: Number(block), decided: decided === null ? null : { chain: decided.chain, block: Number(decided.block) },
  }));
  const known = new Set(seen.map(({ id }) => id));
  /** Young enough that its chain would have shown it if it were open. */
  const isCovered = (source: string, ageMs: number): boolean => {
    const state = chains.chains.find(({ name }) => name === source);
    return state !== undefined && (state.tip <= LOOKBACK_BLOCKS || ageMs < Number(LOOKBACK_BLOCKS) * state.blockTimeMs);
  };
  const told = new Map<string, Open>();
  for (const entry of houses.flatMap(({ entries }) => entries)) {
    const { id, what, chain, stageMs, ageMs, timeoutMs } = entry;
    const source = what === "request" ? chain : chainOf(id);
    if (known.has(id) || isCovered(source, ageMs ?? stageMs)) continue;
    const before = told.get(id);
    told.set(id, { id, source, ageMs: Math.max(before?.ageMs ?? 0, ageMs ?? stageMs), timeoutMs: before?.timeoutMs ?? timeoutMs, block: null, decided: null });
  }
  return [...seen, ...told.values()].sort((left, right) => right.ageMs - left.ageMs);
};

/** Transfers that take longer than their chains' finality explains, with the stage each is in; past its deadline it is stuck. */
export const judgeTransfers = (facts: Facts): readonly Finding[] => {
  const finalityMs = (chain: string): number => {
    const state = facts.chains.chains.find(({ name }) => name === chain);
    return state === undefined ? 0 : state.depth * state.blockTimeMs;
  };
  const late = openOf(facts).flatMap((open): FindingDraft[] => {
    const patienceMs = TRANSFER_PATIENCE_MS + 2 * (finalityMs(open.source) + finalityMs(targetOf(open.id)));
    if (open.ageMs <= patienceMs) return [];
    const isPast = open.timeoutMs !== null && open.ageMs > open.timeoutMs + patienceMs;
    const { code, detail, next, fix } = stageOf(facts, open);
    const leftMs = (open.timeoutMs ?? 0) - open.ageMs;
    const deadline = open.timeoutMs === null ? "" : leftMs < 0 ? `; its deadline passed ${span(-leftMs)} ago` : `; its deadline is in ${span(leftMs)}`;
    return [{ severity: isPast ? "stuck" : "warning", code, subject: open.id, ageMs: open.ageMs, detail: `${detail}${deadline}`, next, fix }];
  });
  const named = late.slice(0, MAX_NAMED_TRANSFERS).map((draft) => finding(draft, facts.nowMs));
  const more = late.length - named.length + facts.chains.more;
  if (more === 0) return named;
  return [...named, finding({
    severity: "note", code: "doctor.transfer.ordered", subject: `${more} more transfers`, ageMs: null, detail: "they are open as well; the oldest are named", next: "they follow the ones that are named", fix: "look at those first",
  }, facts.nowMs)];
};
