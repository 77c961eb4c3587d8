import { type AccessChange, type AccessDocument, accessDigest, applyChange, CHANGE_ACTIONS, decodeAccessDocument, MAX_CHANGE_ORDERS, type VerifySignature } from "@crossguardian/access";
import { type Clock, CodedError, type Hash } from "@crossguardian/kernel";
import { type Audit } from "../audit/ports.ts";
import { type AccessPoint } from "./access-point.ts";
import { type OrderCall, type OrderDesk } from "./order-desk.ts";

/** Proposals that may wait for a second officer. */
export const MAX_PROPOSALS = 8;
/** A proposal that nobody approves lapses after this time, in ms; also when management is started again. */
export const PROPOSAL_KEPT_MS = 86_400_000;

/** Event under which a change stands in the audit log. */
export const CHANGED = "access.changed";

/** What changes of the access document are made with. */
export type ChangeDeskParts = {
  readonly house: string;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly audit: Audit;
  readonly access: AccessPoint;
  readonly sha256: Hash;
  readonly verify: VerifySignature;
  /** Checks a document that is not in force. @throws access.policy.invalid, access.document.credentials */
  readonly checkDocument: (document: AccessDocument) => void;
  /** Officers that must sign a change by management's security profile. */
  readonly officers: number;
  /** Adds a change to those kept, durably. */
  readonly keep: (change: AccessChange) => Promise<void>;
};

type Proposal = { readonly document: AccessDocument; readonly text: string; readonly sinceMs: number; readonly orders: Map<string, string> };

/** Serves the proposing, approving and showing of operators and policy: two officers, each with an order of his own. */
export const serveChanges = (desk: Pick<OrderDesk, "serve">, parts: ChangeDeskParts): void => {
  const { access, audit, sha256, clock } = parts;
  const proposals = new Map<string, Proposal>();

  const forgetLapsed = (): void => {
    for (const [digest, { sinceMs }] of proposals) if (clock.monotonicMs() - sinceMs > PROPOSAL_KEPT_MS) proposals.delete(digest);
  };
  const shown = (digest: string, { document, orders }: Proposal): object => ({ digest, version: document.version, officers: [...orders.keys()] });

  const propose = async ({ operator, argument, signedText }: OrderCall): Promise<object> => {
    forgetLapsed();
    const decoded = decodeAccessDocument(argument);
    if (!decoded.ok) throw new CodedError(decoded.failure.code, decoded.failure.facts);
    const document = decoded.value;
    const wanted = access.document().version + 1;
    if (document.version !== wanted) throw new CodedError("access.change.version", { version: document.version, wanted });
    parts.checkDocument(document);
    const digest = accessDigest(sha256, document);
    const [oldest] = proposals.keys();
    if (proposals.size >= MAX_PROPOSALS && !proposals.has(digest) && oldest !== undefined) proposals.delete(oldest);
    const proposal = proposals.get(digest) ?? { document, text: argument, sinceMs: clock.monotonicMs(), orders: new Map<string, string>() };
    proposal.orders.set(operator, signedText);
    proposals.set(digest, proposal);
    return settle(digest, proposal, operator);
  };
  const approve = async ({ operator, argument, signedText }: OrderCall): Promise<object> => {
    forgetLapsed();
    const proposal = proposals.get(argument);
    if (proposal === undefined) throw new CodedError("access.change.unknown", { digest: argument.slice(0, 64) });
    if (proposal.orders.size < MAX_CHANGE_ORDERS) proposal.orders.set(operator, signedText);
    return settle(argument, proposal, operator);
  };
  /** Applies the change once the rules in force allow it with these officers. */
  const settle = async (digest: string, proposal: Proposal, operator: string): Promise<object> => {
    const change: AccessChange = { document: proposal.text, orders: [...proposal.orders.values()] };
    const next = applyChange(parts, parts.house, access.document(), change);
    if (!next.ok && next.failure.code === "access.change.few") return { applied: false, ...shown(digest, proposal) };
    if (!next.ok) {
      proposals.delete(digest);
      throw new CodedError(next.failure.code, next.failure.facts);
    }
    if (proposal.orders.size < parts.officers) return { applied: false, ...shown(digest, proposal) };
    const verdict = await access.authorize({
      principal: { kind: "operator", name: operator }, action: "changeAccess", resource: "", reason: `change ${digest}`, approvals: proposal.orders.size,
    });
    if (!verdict.allowed) return { applied: false, ...shown(digest, proposal), why: verdict.why };
    await parts.keep(change);
    access.replace(next.value);
    proposals.clear();
    await audit.append(changedRecord(next.value, digest, [...proposal.orders.keys()]));
    return { applied: true, ...shown(digest, proposal) };
  };

  // One at a time: a change is judged against the document it follows.
  let before: Promise<unknown> = Promise.resolve();
  const inTurn = (run: (call: OrderCall) => Promise<object>) => async (call: OrderCall): Promise<object> => {
    const mine = before.then(async () => run(call));
    before = mine.catch(() => undefined);
    return mine;
  };
  desk.serve(CHANGE_ACTIONS.propose, inTurn(propose));
  desk.serve(CHANGE_ACTIONS.approve, inTurn(approve));
  desk.serve("showAccess", async () => {
    forgetLapsed();
    const document = access.document();
    return { document, digest: accessDigest(sha256, document), proposals: [...proposals].map(([digest, proposal]) => shown(digest, proposal)) };
  });
};

/** The audit record of a document that came into force. */
export const changedRecord = ({ version }: AccessDocument, digest: string, officers: readonly string[]): Parameters<Audit["append"]>[0] => ({
  event: CHANGED, who: officers.join(" "), action: "changeAccess", resource: "", decision: "done", why: "two officers", facts: { version, digest },
});
