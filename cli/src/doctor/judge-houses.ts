import { replicaOf, type ReportedDomain } from "@crossguardian/world";

import { type Facts, type HouseFacts, MISSED_AFTER_MS, type PulseFacts } from "./facts.ts";
import { type Finding, finding, type FindingDraft, span } from "./finding.ts";

/** A domain that runs for so long without being admitted does not start, in ms. */
export const ADMISSION_PATIENCE_MS = 10_000;
/** Ends within the last minute that are worth a word. */
export const OFTEN_ENDS = 3;
/** Work owed for so long is worth a word; management acts later, in ms. */
export const OWED_PATIENCE_MS = 5_000;
/** As in domains/management: silence after which a domain is restarted, and work owed until it is. */
const SILENT_AFTER_MS = 10_000;
const STALLED_AFTER_MS = 15_000;
/** A domain that waits for the outside longer than this is worth a note, in ms. */
const WAITS_PATIENCE_MS = 15_000;

const LOOK = "look at its log: ./crossguardian logs";
const logsOf = (name: string): string => `${LOOK} ${name}`;

/** One witness, validator or signer may be absent; without any other domain something stands still. */
const weightOf = (kind: string): "stuck" | "warning" => (["witness", "validator", "signer"].includes(kind) ? "warning" : "stuck");

/** While a standby or replica is absent its work is done all the same. */
const weightOfDomain = ({ name, kind, standbyOf = null }: Pick<ReportedDomain, "name" | "kind" | "standbyOf">): "stuck" | "warning" => (standbyOf === null && replicaOf(name) === null ? weightOf(kind) : "warning");

const judgeState = ({ house }: HouseFacts, domain: ReportedDomain, nowMs: number): FindingDraft | null => {
  const { name, state, admitted, startedAtMs = null, startsAtMs = null } = domain;
  const subject = `${house}/${name}`;
  if (state !== "running" && state !== "starting") {
    const next = startsAtMs === null ? "nothing: the launcher does not start it" : `the launcher starts it again ${startsAtMs <= nowMs ? "now" : `in ${span(startsAtMs - nowMs)}`}`;
    return { severity: weightOfDomain(domain), code: "doctor.domain.down", subject, ageMs: null, next, fix: logsOf(name) };
  }
  if (state === "starting" || admitted === false) {
    const ageMs = startedAtMs === null ? 0 : nowMs - startedAtMs;
    const isLate = state === "running" && ageMs > ADMISSION_PATIENCE_MS;
    return {
      severity: isLate ? weightOfDomain(domain) : "note", code: "doctor.domain.unadmitted", subject, ageMs,
      next: "management judges its self-test and lets it onto the switch; one that gets no start order in 30 s ends and is started again", fix: logsOf(name),
    };
  }
  return null;
};

const judgePulse = ({ house }: HouseFacts, pulse: PulseFacts): FindingDraft | null => {
  const { name, phase, silentMs } = pulse;
  const subject = `${house}/${name}`;
  if (phase === "refused") {
    return {
      severity: "stuck", code: "doctor.domain.refused", subject, ageMs: null, next: "it is killed and started again, and judged anew",
      fix: "look at the host's kernel and crun, and at domain.refused in ./crossguardian logs management",
    };
  }
  if (silentMs === null || silentMs < MISSED_AFTER_MS) return null;
  const left = SILENT_AFTER_MS - silentMs;
  return {
    severity: weightOfDomain(pulse), code: "doctor.domain.silent", subject, ageMs: silentMs,
    next: left > 0 ? `management has it restarted in ${span(left)} unless it is heard` : "management has it restarted now", fix: `nothing; if it comes back, ${logsOf(name)}`,
  };
};

const judgeWork = ({ house }: HouseFacts, pulse: PulseFacts): FindingDraft | null => {
  const { name, isGivenUp, isStalled, owes, stallRestarts, silentMs } = pulse;
  const subject = `${house}/${name}`;
  if (silentMs !== null && silentMs >= MISSED_AFTER_MS) return null;
  const due = [...owes].sort((left, right) => right.owedMs - left.owedMs);
  const owed = due.find(({ excused, owedMs }) => !excused && owedMs >= OWED_PATIENCE_MS);
  if (owed !== undefined) {
    const detail = `${owed.duty}, as ${owed.by} says; restarted for it ${stallRestarts} times in ten minutes`;
    if (isGivenUp) {
      return {
        severity: "stuck", code: "doctor.domain.givenUp", subject, ageMs: owed.owedMs, detail,
        next: "nothing until ten minutes after its first restart, then it is tried again", fix: `${logsOf(name)}; treat a plugin that does this as hostile and change its node`,
      };
    }
    const left = STALLED_AFTER_MS - owed.owedMs;
    return {
      severity: "warning", code: "doctor.domain.stalled", subject, ageMs: owed.owedMs, detail,
      next: left > 0 && !isStalled ? `management has it restarted in ${span(left)} unless it does its work` : "management has it restarted within 15 s", fix: `nothing; if it comes back, ${logsOf(name)}`,
    };
  }
  const excused = due.find(({ owedMs }) => owedMs >= WAITS_PATIENCE_MS);
  if (excused === undefined) return null;
  return {
    severity: "note", code: "doctor.domain.waits", subject, ageMs: excused.owedMs, detail: excused.duty,
    next: "it goes on by itself when what it waits for is back; it is not restarted for this", fix: "look at its node, or at the relay chain",
  };
};

/** One that runs, and has no pairs because it did not answer the interaction domain. */
const judgeShares = ({ house, watches, domains }: HouseFacts): readonly FindingDraft[] =>
  (watches ?? []).filter(({ shares }) => shares.length > 1).flatMap(({ shares }) => shares).filter(({ domain, isThere }) => !isThere && domains.some(({ name, admitted }) => name === domain && admitted === true)).map(({ domain }) => ({
    severity: "warning", code: "doctor.replica.out", subject: `${house}/${domain}`, ageMs: null,
    next: "the others have its pairs; it gets them back a second after it answers, and management has one restarted that does not answer for 15 s", fix: `nothing; if it stays, ${logsOf(domain)}`,
  }));

const judgeHouse = (house: HouseFacts, nowMs: number): readonly FindingDraft[] => {
  if (!house.isRunning) {
    return [{ severity: "stuck", code: "doctor.house.down", subject: house.house, ageMs: null, next: "nothing: a house is not started by itself", fix: "./crossguardian up starts it again; launcher.log in its data folder says why it ended" }];
  }
  const often = house.domains
    .filter(({ recentEnds = 0 }) => recentEnds >= OFTEN_ENDS)
    .map(({ name, kind, recentEnds = 0, restarts }): FindingDraft => ({
      severity: weightOfDomain({ name, kind }) === "stuck" && recentEnds > OFTEN_ENDS ? "stuck" : "warning", code: "doctor.domain.restarting", subject: `${house.house}/${name}`, ageMs: null,
      detail: `${recentEnds} ends in the last minute, ${restarts} restarts in all`,
      next: "the launcher starts it again, slower each time: 0.1 s to 5 s apart, every 20 s after ten ends in a minute; it is never given up", fix: logsOf(name),
    }));
  const states = house.domains.flatMap((domain) => judgeState(house, domain, nowMs) ?? []);
  if (house.pulses === null) {
    return [
      { severity: "stuck", code: "doctor.management.silent", subject: `${house.house}/management`, ageMs: null, next: "the launcher kills one that leaves two questions unanswered (30 s at most) and starts another; no domain is disturbed", fix: "nothing; if it comes back, look at output/management.log in the house's data folder" },
      ...states, ...often,
    ];
  }
  return [...states, ...often, ...judgeShares(house), ...house.pulses.flatMap((pulse) => [judgePulse(house, pulse) ?? [], judgeWork(house, pulse) ?? []].flat())];
};

/** Houses and their domains: what does not run, is not admitted, silent, or alive without doing its work. */
export const judgeHouses = ({ houses, nowMs }: Pick<Facts, "houses" | "nowMs">): readonly Finding[] =>
  houses.flatMap((house) => judgeHouse(house, nowMs)).map((draft) => finding(draft, nowMs));
