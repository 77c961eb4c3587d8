import { checkOrder, type CredentialRules, isCredentialFit, makeOrderTimes, type SignerKnown, type VerifySignature } from "@crossguardian/access";
import { type Clock, CodedError, type Fact, failure, type Failure, type Log } from "@crossguardian/kernel";
import { type AuditRecord } from "@crossguardian/audit";
import { type Audit } from "../audit/ports.ts";
import { type AccessPoint } from "./access-point.ts";

/** An allowed order on its way to what does it. */
export type OrderCall = {
  readonly operator: string;
  /** Name of a domain of this house; empty: the house. */
  readonly resource: string;
  readonly argument: string;
  readonly reason: string;
  /** The signed order as it came. */
  readonly signedText: string;
  /** Writes down what the order is about, in words of the action's own; durable before it resolves. */
  readonly record: (event: string, facts: Readonly<Record<string, Fact>>) => Promise<void>;
};

/** Does one action; what it resolves to is told to the operator as JSON. */
export type OrderAction = (call: OrderCall) => Promise<unknown>;

/** Takes signed orders of operators. */
export type OrderDesk = {
  /** The operator's answer as JSON text: `{allowed, why, result}` or `{failure: {code, facts}}`. */
  readonly take: (untrustedText: string) => Promise<string>;
  /** Adds what does an action; the schema of the policy must know the action. */
  readonly serve: (action: string, run: OrderAction) => void;
};

/** What the desk works with. */
export type OrderDeskParts = {
  readonly house: string;
  readonly clock: Pick<Clock, "wallMs">;
  readonly log: Log;
  readonly audit: Audit;
  readonly access: AccessPoint;
  readonly verify: VerifySignature;
  /** Rules of the security profile for credentials of those who give orders about a domain, or the house where it is "". */
  readonly credentials: (resource: string) => CredentialRules;
};

const plain = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);
const answerOf = (value: object): string => JSON.stringify(value, plain);
const refusal = ({ code, facts }: Failure): string => answerOf({ failure: { code, facts } });

/** Makes a desk that does nothing yet but what `serve` adds. */
export const makeOrderDesk = ({ house, clock, log, audit, access, verify, credentials }: OrderDeskParts): OrderDesk => {
  const actions = new Map<string, OrderAction>();
  const times = makeOrderTimes(clock.wallMs());

  const refuseOrder = async (found: Failure, who: string, action: string, resource: string): Promise<string> => {
    log.warn("order.refused", { code: found.code, who, action, resource });
    await audit.append({ event: "order.refused", who, action, resource, decision: "deny", why: found.code, facts: found.facts });
    return refusal(found);
  };
  const effect = (call: Pick<OrderCall, "operator" | "resource">, action: string, decision: "done" | "failed", why: string, facts: Readonly<Record<string, Fact>> = {}): AuditRecord => ({
    event: `order.${decision}`, who: call.operator, action, resource: call.resource, decision, why, facts,
  });

  const perform = async ({ order, signed }: SignerKnown, untrustedText: string, why: string): Promise<string> => {
    const run = actions.get(order.action);
    if (run === undefined) return refuseOrder(failure("access.order.unserved", { action: order.action }), order.operator, order.action, order.resource);
    const { operator, action, resource, argument, reason } = order;
    const record: OrderCall["record"] = async (event, facts) => {
      await audit.append({ event, who: operator, action, resource, decision: "allow", why: reason, facts });
    };
    const call: OrderCall = { operator, resource, argument, reason, signedText: untrustedText, record };
    const nonce = order.nonce;
    try {
      const result = await run(call);
      await audit.append(effect(call, order.action, "done", order.reason, { nonce }));
      return answerOf({ allowed: true, why, result });
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      await audit.append(effect(call, order.action, "failed", error.code, { nonce, signature: signed.signature.slice(0, 16) }));
      return refusal(error.failure);
    }
  };

  const decide = async (untrustedText: string): Promise<string> => {
    const trouble = audit.trouble();
    if (trouble !== null) return refusal(failure("access.order.closed", { why: trouble.code }));
    const checked = checkOrder(verify, house, access.document(), untrustedText);
    if (!checked.ok) return refuseOrder(checked.failure, String(checked.failure.facts["operator"] ?? "unknown"), "order", "");
    const { order, operator } = checked.value;
    const { action, resource, reason, nonce, argument } = order;
    const untimely = times.take(order, clock.wallMs());
    if (untimely !== null) return refuseOrder(untimely, operator.name, action, resource);
    if (!isCredentialFit(credentials(resource), operator, clock.wallMs())) return refuseOrder(failure("access.order.credential", { operator: operator.name, resource }), operator.name, action, resource);
    const verdict = await access.authorize({ principal: { kind: "operator", name: operator.name }, action, resource, reason, facts: { nonce, argumentChars: argument.length } });
    if (!verdict.allowed) {
      log.warn("order.denied", { who: operator.name, action, resource, why: verdict.why });
      return refusal(failure("access.order.denied", { operator: operator.name, action, resource: resource === "" ? house : resource, why: verdict.why }));
    }
    return perform(checked.value, untrustedText, verdict.why);
  };

  return {
    take: async (untrustedText) => {
      try {
        return await decide(untrustedText);
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        log.alarm("order.unrecorded", { code: error.code });
        return refusal(failure("access.order.closed", { why: error.code }));
      }
    },
    serve: (action, run) => {
      if (actions.has(action)) throw new Error(`two parts serve ${action}`);
      actions.set(action, run);
    },
  };
};
