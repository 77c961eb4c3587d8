import { failure, type Hash, ok, refuse, type Result } from "@crossguardian/kernel";
import { type AccessDocument, accessDigest, MIN_OFFICERS, OFFICER } from "./access-document.ts";
import { checkOrder, type VerifySignature } from "./check-order.ts";
import { decodeAccessDocument } from "./decode-access-document.ts";

/** Actions by which a document is changed: the first carries the whole new one, the second its digest. */
export const CHANGE_ACTIONS = { propose: "proposeAccess", approve: "approveAccess" } as const;

/** A change with the signed orders of the officers who wanted it, as it is kept. */
export type AccessChange = { readonly document: string; readonly orders: readonly string[] };

/** Orders kept with one change at most. */
export const MAX_CHANGE_ORDERS = 16;

type Powers = { readonly sha256: Hash; readonly verify: VerifySignature };

const approverOf = (powers: Powers, house: string, before: AccessDocument, next: AccessDocument, untrustedOrder: string): Result<string> => {
  const checked = checkOrder(powers.verify, house, before, untrustedOrder);
  if (!checked.ok) return checked;
  const { order, operator } = checked.value;
  const digest = accessDigest(powers.sha256, next);
  const proposed = order.action === CHANGE_ACTIONS.propose ? decodeAccessDocument(order.argument) : null;
  const wanted = proposed === null ? order.argument : proposed.ok ? accessDigest(powers.sha256, proposed.value) : "";
  const isChange = order.action === CHANGE_ACTIONS.propose || order.action === CHANGE_ACTIONS.approve;
  if (!isChange || wanted !== digest) return refuse(failure("access.change.other", { operator: operator.name }));
  if (!operator.roles.includes(OFFICER)) return refuse(failure("access.change.officer", { operator: operator.name }));
  return ok(operator.name);
};

/**
 * The document after a change, when it is the next version and enough different officers of the present one signed exactly this
 * document. The rules of the present policy are judged elsewhere; this is the floor below them.
 * Errors: access.document.*, access.change.version, .other, .officer, .few, access.order.*
 */
export const applyChange = (powers: Powers, house: string, before: AccessDocument, untrusted: AccessChange): Result<AccessDocument> => {
  const next = decodeAccessDocument(untrusted.document);
  if (!next.ok) return next;
  if (next.value.version !== before.version + 1) {
    return refuse(failure("access.change.version", { version: next.value.version, wanted: before.version + 1 }));
  }
  const officers = new Set<string>();
  for (const order of untrusted.orders.slice(0, MAX_CHANGE_ORDERS)) {
    const approver = approverOf(powers, house, before, next.value, order);
    if (!approver.ok) return approver;
    officers.add(approver.value);
  }
  return officers.size >= MIN_OFFICERS ? next : refuse(failure("access.change.few", { officers: officers.size, needed: MIN_OFFICERS }));
};

/**
 * Every document from the first to the one in force, each stored change checked with the signatures of the officers of its time; null stands for a line that
 * is no change. Errors: access.document.* of the first, access.change.stored
 */
export const applyChanges = (powers: Powers, house: string, untrustedFirst: string, untrustedChanges: readonly (AccessChange | null)[]): Result<readonly AccessDocument[]> => {
  const first = decodeAccessDocument(untrustedFirst);
  if (!first.ok) return first;
  const versions = [first.value];
  let last = first.value;
  for (const change of untrustedChanges) {
    const next = change === null ? null : applyChange(powers, house, last, change);
    if (next?.ok !== true) return refuse(failure("access.change.stored", { version: last.version + 1, why: next?.failure.code ?? "malformed" }));
    last = next.value;
    versions.push(last);
  }
  return ok(versions);
};
