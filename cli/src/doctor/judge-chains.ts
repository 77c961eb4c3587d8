import { type ChainState } from "@crossguardian/world";

import { type Facts, type HouseFacts, isAlive, type PulseFacts, type WatchFacts } from "./facts.ts";
import { type Finding, finding, type FindingDraft } from "./finding.ts";

/** A height that does not move for so long, and two block times, stands still, in ms. */
export const STILL_AFTER_MS = 10_000;
/** Blocks that a witness may be behind the others. */
export const WITNESS_LAG_BLOCKS = 16;
const MAX_NAMES = 6;

const GOES_ON = "it goes on by itself when they answer again; transfers of the chain wait, and those past their deadline are cancelled and rolled back once it is back";
const namesOf = (names: readonly string[]): string => `${names.slice(0, MAX_NAMES).join(", ")}${names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : ""}`;

type Room = { readonly house: HouseFacts; readonly watch: WatchFacts | null; readonly chain: string; readonly state: ChainState | null; readonly plugins: readonly PulseFacts[]; readonly witnesses: readonly PulseFacts[] };

const isCutOff = (pulse: PulseFacts): boolean => isAlive(pulse) && pulse.gauges.get("up") === 0;

const judgeNodes = ({ house, chain, plugins, witnesses, watch }: Room, isSilent: boolean): readonly FindingDraft[] => {
  const cutOff = [...plugins, ...witnesses].filter(isCutOff);
  if (isSilent) {
    const detail = cutOff.length === 0 ? "to this command; its domains are connected" : `to this command; without a connection: ${namesOf(cutOff.map(({ name }) => name))}`;
    return [{
      severity: cutOff.length === 0 ? "warning" : "stuck", code: "doctor.chain.silent", subject: `chain ${chain}`, ageMs: cutOff.length === 0 ? null : (watch?.quorumStillMs ?? null), detail,
      next: `the domains try again every 5 s at the latest; ${GOES_ON}`, fix: "bring the chain's node or endpoint back",
    }];
  }
  return cutOff.map(({ name, kind }) => ({
    severity: kind === "plugin" ? "stuck" : "warning", code: "doctor.node.silent", subject: `${house.house}/${name}`, ageMs: null,
    next: "it tries its endpoints in turn, every 5 s at the latest", fix: `look at the ${kind === "plugin" ? "rpc" : "witnesses"} endpoints of chain ${chain} in the configuration`,
  }));
};

const judgeQuorum = ({ chain, watch, state, witnesses }: Room): readonly FindingDraft[] => {
  const absent = witnesses.filter((each) => !isAlive(each));
  const patienceMs = STILL_AFTER_MS + 2 * (state?.blockTimeMs ?? 0);
  const tooFew = witnesses.length > 0 && witnesses.length - absent.length <= witnesses.length / 2;
  const final = state === null ? null : Number(state.tip) - state.depth;
  const isBehind = watch !== null && final !== null && (watch.quorumHeight ?? -1) < final && watch.quorumStillMs > patienceMs;
  if (!tooFew && !isBehind) return [];
  const late = watch === null || final === null ? [] : witnesses.filter(({ name }) => (watch.witnesses.get(name) ?? -1) < final).map(({ name }) => name);
  const missing = absent.length > 0 ? `silent: ${namesOf(absent.map(({ name }) => name))}` : `behind: ${namesOf(late)}`;
  const heights = watch === null || final === null ? "" : `; agreed up to ${watch.quorumHeight ?? "no block"}, final is ${final}`;
  return [{
    severity: "stuck", code: "doctor.chain.noQuorum", subject: `chain ${chain}`, ageMs: watch?.quorumStillMs ?? null, detail: `${missing}${heights}`,
    next: absent.length > 0 ? `management has a witness restarted that is silent for 10 s; ${GOES_ON}` : GOES_ON,
    fix: absent.length > 0 ? "nothing; if it comes back, look at their logs" : "bring the endpoints of the witnesses back (witnesses in the configuration)",
  }];
};

const judgeProgress = (room: Room): readonly FindingDraft[] => {
  const { chain, watch, state, house } = room;
  if (watch === null) return [];
  const drafts: FindingDraft[] = [];
  const subject = `chain ${chain}`;
  if (watch.frozen !== "") {
    drafts.push({
      severity: "stuck", code: "doctor.chain.frozen", subject, ageMs: null, detail: `${house.house} says ${watch.frozen}`, next: "nothing: a frozen chain stays frozen until interaction is restarted",
      fix: "find out which witnesses lie or whether the chain reorganised deeper than its depth; then restart interaction and the validators",
    });
  }
  if (watch.isHeldBack) {
    drafts.push({
      severity: "warning", code: "doctor.queue.full", subject: `${house.house}/interaction`, ageMs: watch.cursorStillMs, detail: `chain ${chain} is not scanned further`,
      next: "it is scanned again as soon as there is room", fix: "look at what holds its transfers up: the relay chain, or the chains they go to",
    });
  } else if (watch.quorumHeight !== null && watch.cursor <= watch.quorumHeight && watch.cursorStillMs > STILL_AFTER_MS + 2 * (state?.blockTimeMs ?? 0) && watch.frozen === "") {
    drafts.push({
      severity: "stuck", code: "doctor.chain.behind", subject, ageMs: watch.cursorStillMs, detail: `scanned up to ${watch.cursor - 1}, agreed up to ${watch.quorumHeight}`,
      next: "the plugin is asked again; one that could answer and does not is restarted after 15 s", fix: `look at the plugin's node; ./crossguardian logs plugin-${chain.toLowerCase()}`,
    });
  }
  const { quorumHeight } = watch;
  if (quorumHeight === null) return drafts;
  for (const { name } of room.witnesses.filter(isAlive)) {
    const height = watch.witnesses.get(name) ?? null;
    if (height !== null && quorumHeight - height <= WITNESS_LAG_BLOCKS) continue;
    drafts.push({
      severity: "warning", code: "doctor.witness.behind", subject: `${house.house}/${name}`, ageMs: null, detail: height === null ? "it has reported nothing" : `at ${height}, the others at ${quorumHeight}`,
      next: "it reports what is missing as soon as its node has it", fix: "look at its endpoint: one more witness like this and the chain waits",
    });
  }
  return drafts;
};

const roomsOf = ({ houses, chains }: Pick<Facts, "houses" | "chains">): readonly Room[] =>
  houses.flatMap((house) => {
    const pulses = house.pulses ?? [];
    const names = new Set([...(house.watches ?? []).map(({ chain }) => chain), ...pulses.filter(({ kind }) => kind === "plugin").map(({ chain }) => chain)]);
    return [...names].map((chain) => ({
      house,
      chain,
      watch: house.watches?.find((each) => each.chain === chain) ?? null,
      state: chains.chains.find(({ name }) => name === chain) ?? null,
      plugins: pulses.filter((each) => each.kind === "plugin" && each.chain === chain),
      witnesses: pulses.filter((each) => each.kind === "witness" && each.chain === chain),
    }));
  });

const judgePairs = ({ chains }: Pick<Facts, "chains">, nowMs: number): readonly Finding[] =>
  chains.chains.flatMap(({ name, frozenPairs }) =>
    frozenPairs.map(({ from, to }) =>
      finding({
        severity: "stuck", code: "doctor.pair.frozen", subject: `${from}-${to}`, ageMs: null, detail: `by the contract on chain ${name}`,
        next: "nothing: only governance thaws it (unfreezePair)", fix: "find out where the receipt that did not fit came from before you thaw it",
      }, nowMs),
    ),
  );

/** Chains: nodes, header quorums, scanning, frozen chains and pairs. */
export const judgeChains = (facts: Pick<Facts, "houses" | "chains" | "nowMs">): readonly Finding[] => {
  const rooms = roomsOf(facts);
  const known = new Set(rooms.map(({ chain }) => chain));
  const unserved = facts.chains.silent.filter((chain) => !known.has(chain)).map((chain): FindingDraft => ({
    severity: "stuck", code: "doctor.chain.silent", subject: `chain ${chain}`, ageMs: null, detail: "to this command", next: "nothing can be said: its gateway does not answer either", fix: "bring the chain's node or endpoint back",
  }));
  const drafts = rooms.flatMap((room) => {
    const isSilent = facts.chains.silent.includes(room.chain);
    const nodes = judgeNodes(room, isSilent);
    const isDown = nodes.some(({ severity, code }) => severity === "stuck" && code === "doctor.chain.silent");
    return isDown ? nodes : [...nodes, ...judgeQuorum(room), ...judgeProgress(room)];
  });
  return [...[...drafts, ...unserved].map((draft) => finding(draft, facts.nowMs)), ...judgePairs(facts, facts.nowMs)];
};
