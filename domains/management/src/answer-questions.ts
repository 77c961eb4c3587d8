import { type FailureCode } from "@crossguardian/kernel";
import { READ_BODY } from "./access/read-body.ts";
import { eventSums } from "./count-events.ts";
import { type Detector } from "./detect/detector.ts";
import { type FromLauncher } from "./house.ts";
import { historyAnswer, watchAnswer } from "./monitor/answers.ts";
import { type Monitor } from "./monitor/make-monitor.ts";
import { type Outcome, type Questions } from "./questions.ts";
import { type Resources } from "./resources/oversee-resources.ts";
import { type Responder } from "./response/responder.ts";
import { nameFacts, type OverseerPowers, type Watched } from "./watched.ts";

/** Name under which management itself is asked. */
const OWN_NAME = "management";

const plain = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);

const statusOf = (watched: Watched, nowMs: number): object => ({
  ...nameFacts(watched),
  kind: watched.domain.kind,
  chain: watched.domain.chain,
  role: watched.domain.role,
  port: watched.domain.port,
  phase: watched.phase,
  standbyOf: watched.domain.standbyOf,
  activeMs: watched.activeSinceMs === null ? null : Math.round(nowMs - watched.activeSinceMs),
  hold: watched.hold,
  allocation: watched.allocation,
  lentPercent: watched.lentPercent,
  silentMs: watched.phase === "admitted" ? Math.round(nowMs - watched.pulse.heardMs) : null,
  stall: watched.stall,
  owes: watched.evidence,
  stallRestarts: watched.progress.restartsMs.length,
  gauges: Object.fromEntries(watched.gauges.map(({ name, value }) => [name, value])),
  portEvents: eventSums(watched.refusals),
  selfTest: watched.selfTest,
});

/** The domain's words, or a failure when they are not text. */
export const decodeAnswer = (untrustedBytes: Uint8Array): Outcome => {
  try {
    return { ok: true, answer: new TextDecoder("utf-8", { fatal: true }).decode(untrustedBytes) };
  } catch {
    return { ok: false, code: "management.answer.malformed" };
  }
};

/** What questions are answered from. */
export type Answering = {
  readonly house: string;
  readonly all: ReadonlyMap<string, Watched>;
  readonly questions: Questions;
  readonly responder: Responder;
  readonly monitor: Monitor;
  readonly detector: Detector;
  readonly resources: Pick<Resources, "recent" | "isWhitelisting">;
};

/** A role's name means whoever does its work; a standby's own name means that domain. */
const workerOf = (name: string, all: ReadonlyMap<string, Watched>): Watched | undefined => {
  const named = all.get(name);
  if (named?.activeSinceMs !== null) return named;
  return [...all.values()].find((each) => each.domain.standbyOf === name && each.activeSinceMs !== null) ?? named;
};

/** Hands an operator's question to its domain, or answers `status`, `watch`, `history`, `responses` and `order` itself. */
export const answerQuestion = (
  { id, domain, command, argument }: Extract<FromLauncher, { readonly type: "ask" }>,
  { house, all, questions, responder, monitor, detector, resources }: Answering,
  { clock, channel, tellLauncher, orders }: OverseerPowers,
): void => {
  const settle = (outcome: Outcome): void =>
    tellLauncher({ type: "answer", id, ok: outcome.ok, answer: outcome.ok ? outcome.answer : outcome.code });
  const fail = (code: FailureCode): void => settle({ ok: false, code });
  const ownAnswer = (asked: string, words: string): unknown => {
    if (asked === "status") return [...all.values()].map((each) => statusOf(each, clock.monotonicMs()));
    if (asked === "responses") return [...responder.recent(), ...resources.recent()].sort((left, right) => left.atMs - right.atMs);
    if (asked === "watch") return { house, whitelisting: resources.isWhitelisting(), ...watchAnswer(monitor, detector, clock) };
    return asked === "history" ? historyAnswer(monitor, words, clock) : null;
  };
  if (domain === OWN_NAME) {
    if (command === "order") {
      if (orders === undefined) fail("access.order.closed");
      else void orders.take(argument).then((answer) => settle({ ok: true, answer }));
      return;
    }
    const said = ownAnswer(command, argument);
    if (said === null) fail("management.command.unknown");
    else settle({ ok: true, answer: JSON.stringify(said, plain) });
    return;
  }
  if (command === READ_BODY) {
    fail("access.order.needed");
    return;
  }
  const watched = workerOf(domain, all);
  if (watched === undefined) fail("management.domain.unknown");
  else if (watched.phase !== "admitted" || !channel.send(watched.domain.port, "control", { command, argument })) {
    fail("management.domain.absent");
  } else questions.open(watched.domain.name, command, settle);
};
