import { CodedError, FAILURES, type FailureCode } from "@crossguardian/kernel";
import { MESSAGES, type MessageName } from "@crossguardian/wire";
import { type AnswerRule } from "../answer-budget.ts";
import { FLOW_SIDES, PORT_KINDS, portKind, type FlowSide, type PortKind } from "../port-kinds.ts";

/** One numbered line: who may say what to whom, or that nothing passes. */
export type PolicyRule = {
  readonly number: number;
  readonly from: FlowSide | "*";
  readonly to: FlowSide | "*";
  readonly messages: readonly MessageName[] | "deny";
  readonly reason: string;
};

/** Messages that pass from one side to another also in whitelist mode. */
export type WhitelistLine = Pick<PolicyRule, "from" | "to"> & { readonly messages: readonly MessageName[] };

/** What a port of a kind may send on average; a burst of one second's worth is let through. */
export type RateLimit = { readonly messagesPerSecond: number; readonly bytesPerSecond: number };

/** A flow policy that was read without a fault. */
export type PolicyText = {
  readonly rules: readonly PolicyRule[];
  /** What still passes in whitelist mode. */
  readonly whitelist: readonly WhitelistLine[];
  readonly limits: Readonly<Record<PortKind, RateLimit>>;
  /** What may be said without having been asked. */
  readonly answers: ReadonlyMap<PortKind, AnswerRule>;
  /** What has a port closed at the first event. */
  readonly cuts: ReadonlySet<FailureCode>;
};

const MAX_POLICY_LINES = 500;

const MESSAGE_NAMES = Object.keys(MESSAGES);
const isMessageName = (text: string): text is MessageName => MESSAGE_NAMES.includes(text);

const sideOf = (text: string, line: number): FlowSide | "*" => {
  if (text === "*") return "*";
  const side = FLOW_SIDES.find((each) => each === text);
  if (side === undefined) throw new CodedError("switch.policy.kind", { line });
  return side;
};

const messagesOf = (text: string, line: number): readonly MessageName[] | "deny" => {
  if (text === "deny") return "deny";
  return text.split(",").map((name) => {
    if (!isMessageName(name)) throw new CodedError("switch.policy.message", { line, name: name.slice(0, 40) });
    return name;
  });
};

const positiveInteger = (text: string | undefined, line: number): number => {
  const value = /^\d{1,15}$/u.test(text ?? "") ? Number(text) : 0;
  if (value === 0) throw new CodedError("switch.policy.syntax", { line });
  return value;
};

const parseRule = (words: readonly string[], reason: string, line: number): PolicyRule => {
  const [number, from, to, messages] = words;
  if (words.length !== 4 || from === undefined || to === undefined || messages === undefined) {
    throw new CodedError("switch.policy.syntax", { line });
  }
  return {
    number: positiveInteger(number, line),
    from: sideOf(from, line),
    to: sideOf(to, line),
    messages: messagesOf(messages, line),
    reason,
  };
};

const parseWhitelist = (words: readonly string[], line: number): WhitelistLine => {
  const [, from, to, names] = words;
  if (words.length !== 4 || from === undefined || to === undefined || names === undefined) throw new CodedError("switch.policy.syntax", { line });
  const messages = messagesOf(names, line);
  if (messages === "deny") throw new CodedError("switch.policy.syntax", { line });
  return { from: sideOf(from, line), to: sideOf(to, line), messages };
};

const parseLimit = (words: readonly string[], line: number): readonly [PortKind, RateLimit] => {
  const kind = portKind(words[1] ?? "");
  if (words.length !== 4) throw new CodedError("switch.policy.syntax", { line });
  if (kind === null) throw new CodedError("switch.policy.kind", { line });
  const limit = {
    messagesPerSecond: positiveInteger(words[2], line),
    bytesPerSecond: positiveInteger(words[3], line),
  };
  return [kind, limit];
};

const kindOf = (word: string | undefined, line: number): PortKind => {
  const kind = portKind(word ?? "");
  if (kind === null) throw new CodedError("switch.policy.kind", { line });
  return kind;
};

const parseAnswers = (words: readonly string[], line: number): readonly [PortKind, AnswerRule] => {
  const numbers = words.slice(3).map((word) => (/^\d{1,9}$/u.test(word) ? Number(word) : 0));
  const [perQuestion = 0, perSecond = 0, burst = 0] = numbers;
  if (words.length !== 6 || numbers.includes(0)) throw new CodedError("switch.policy.answers", { line });
  return [kindOf(words[1], line), { to: kindOf(words[2], line), perQuestion, perSecond, burst }];
};

const isFailureCode = (text: string): text is FailureCode => Object.hasOwn(FAILURES, text);

const parseCuts = (words: readonly string[], line: number): readonly FailureCode[] => {
  if (words.length !== 2) throw new CodedError("switch.policy.syntax", { line });
  return (words[1] ?? "").split(",").map((code) => {
    if (!isFailureCode(code)) throw new CodedError("switch.policy.cut", { line, code: code.slice(0, 40) });
    return code;
  });
};

const limitFor = (limits: ReadonlyMap<PortKind, RateLimit>, kind: PortKind): RateLimit => {
  const limit = limits.get(kind);
  if (limit === undefined) throw new CodedError("switch.policy.limit", { kind });
  return limit;
};

const allLimits = (limits: ReadonlyMap<PortKind, RateLimit>): Record<PortKind, RateLimit> => ({
  plugin: limitFor(limits, "plugin"),
  module: limitFor(limits, "module"),
  witness: limitFor(limits, "witness"),
  interaction: limitFor(limits, "interaction"),
  relay: limitFor(limits, "relay"),
  management: limitFor(limits, "management"),
  network: limitFor(limits, "network"),
  orderer: limitFor(limits, "orderer"),
  validator: limitFor(limits, "validator"),
  signer: limitFor(limits, "signer"),
});

/**
 * Reads a flow policy. Lines: `<number> <from> <to> <message,message|deny> # reason`, numbers ascending, the last one
 * `* * deny`; `whitelist <from> <to> <messages> # reason`: what of it still passes in whitelist mode; `limit <kind> <messages/s> <bytes/s> # reason`, one per kind of port; `answers <kind> <to> <frames per question> <frames/s> <burst> # reason`;
 * `cut <code,code> # reason`; `# comment`; empty.
 * @throws switch.policy.* with the line: a policy with a fault stops the start.
 */
export const parsePolicy = (text: string): PolicyText => {
  const rules: PolicyRule[] = [];
  const limits = new Map<PortKind, RateLimit>();
  const answers = new Map<PortKind, AnswerRule>();
  const cuts = new Set<FailureCode>();
  const whitelist: WhitelistLine[] = [];
  const lines = text.split("\n");
  if (lines.length > MAX_POLICY_LINES) throw new CodedError("switch.policy.syntax", { line: MAX_POLICY_LINES });
  for (const [at, whole] of lines.entries()) {
    const line = at + 1;
    if (whole.trim() === "" || whole.startsWith("#")) continue;
    const hash = whole.indexOf("#");
    const reason = hash < 0 ? "" : whole.slice(hash + 1).trim();
    if (reason === "") throw new CodedError("switch.policy.reason", { line });
    const words = whole.slice(0, hash).trim().split(/\s+/u);
    if (words[0] === "limit") {
      const [kind, limit] = parseLimit(words, line);
      if (limits.has(kind)) throw new CodedError("switch.policy.limit", { line, kind });
      limits.set(kind, limit);
    } else if (words[0] === "answers") {
      const [kind, rule] = parseAnswers(words, line);
      if (answers.has(kind)) throw new CodedError("switch.policy.answers", { line, kind });
      answers.set(kind, rule);
    } else if (words[0] === "cut") {
      for (const code of parseCuts(words, line)) cuts.add(code);
    } else if (words[0] === "whitelist") whitelist.push(parseWhitelist(words, line));
    else {
      const rule = parseRule(words, reason, line);
      if (rule.number <= (rules.at(-1)?.number ?? 0)) throw new CodedError("switch.policy.order", { line });
      rules.push(rule);
    }
  }
  const last = rules.at(-1);
  if (last?.from !== "*" || last.to !== "*" || last.messages !== "deny") {
    throw new CodedError("switch.policy.open");
  }
  for (const kind of PORT_KINDS) limitFor(limits, kind);
  return { rules, whitelist, limits: allLimits(limits), answers, cuts };
};
