import { CodedError, type FailureCode } from "@crossguardian/kernel";
import { MESSAGES, messageName, type MessageName } from "@crossguardian/wire";
import { type AnswerRule } from "../answer-budget.ts";
import { FLOW_SIDES, type FlowSide, type PortKind } from "../port-kinds.ts";
import { parsePolicy, type PolicyRule, type RateLimit } from "./parse-policy.ts";

/** The flow policy as the switch asks it. */
export type Policy = {
  readonly allows: (from: FlowSide, to: FlowSide, frameKind: number) => boolean;
  /** Whether a message that is allowed still passes in whitelist mode. */
  readonly isIbtp: (from: FlowSide, to: FlowSide, frameKind: number) => boolean;
  /** Whether anything at all passes between the two, in either direction. */
  readonly areRelated: (one: FlowSide, other: FlowSide) => boolean;
  readonly limitOf: (kind: PortKind) => RateLimit;
  /** Null: what it says is not counted against what it was asked. */
  readonly answersOf: (kind: PortKind) => AnswerRule | null;
  /** Whether a port is closed when it does this. */
  readonly cuts: (code: FailureCode) => boolean;
};

const KINDS_PER_PAIR = 256;

const matches = (rule: PolicyRule, from: FlowSide, to: FlowSide, name: MessageName): boolean =>
  (rule.from === "*" || rule.from === from) &&
  (rule.to === "*" || rule.to === to) &&
  (rule.messages === "deny" || rule.messages.includes(name));

const decide = (rules: readonly PolicyRule[], from: FlowSide, to: FlowSide, name: MessageName): boolean => {
  const rule = rules.find((each) => matches(each, from, to, name));
  return rule !== undefined && rule.messages !== "deny";
};

const keyOf = (from: FlowSide, to: FlowSide, frameKind: number): number => (FLOW_SIDES.indexOf(from) * FLOW_SIDES.length + FLOW_SIDES.indexOf(to)) * KINDS_PER_PAIR + frameKind;

/** A whitelist line lets nothing pass by itself; one that names what no rule allows is a mistake. */
const requirePassing = (rules: readonly PolicyRule[], from: FlowSide | "*", to: FlowSide | "*", messages: readonly MessageName[]): void => {
  const sides = (side: FlowSide | "*"): readonly FlowSide[] => (side === "*" ? FLOW_SIDES : [side]);
  for (const name of messages) {
    if (!sides(from).some((one) => sides(to).some((other) => decide(rules, one, other, name)))) throw new CodedError("switch.policy.whitelist", { from, to, name });
  }
};

/** Makes a policy of its text: the first rule that matches decides. @throws switch.policy.* */
export const makePolicy = (text: string): Policy => {
  const { rules, limits, answers, cuts, whitelist } = parsePolicy(text);
  const isListed = (from: FlowSide, to: FlowSide, name: MessageName): boolean =>
    whitelist.some((line) => (line.from === "*" || line.from === from) && (line.to === "*" || line.to === to) && line.messages.includes(name));
  const listed = new Set<number>();
  const pairs = new Map<FlowSide, Map<FlowSide, Uint8Array>>();
  for (const from of FLOW_SIDES) {
    const row = new Map<FlowSide, Uint8Array>();
    pairs.set(from, row);
    for (const to of FLOW_SIDES) {
      const allowed = new Uint8Array(KINDS_PER_PAIR);
      for (const { number } of Object.values(MESSAGES)) {
        const name = messageName(number);
        if (name === null || !decide(rules, from, to, name)) continue;
        allowed[number] = 1;
        if (isListed(from, to, name)) listed.add(keyOf(from, to, number));
      }
      row.set(to, allowed);
    }
  }
  for (const { from, to, messages } of whitelist) requirePassing(rules, from, to, messages);
  const allowedOf = (from: FlowSide, to: FlowSide): Uint8Array | undefined => pairs.get(from)?.get(to);
  return {
    allows: (from, to, frameKind) => allowedOf(from, to)?.[frameKind] === 1,
    isIbtp: (from, to, frameKind) => listed.has(keyOf(from, to, frameKind)),
    areRelated: (one, other) =>
      allowedOf(one, other)?.includes(1) === true || allowedOf(other, one)?.includes(1) === true,
    limitOf: (kind) => limits[kind],
    answersOf: (kind) => answers.get(kind) ?? null,
    cuts: (code) => cuts.has(code),
  };
};
