import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `access`. */
export const ACCESS_FAILURES = {
  "access.document.malformed": { action: "refuse", says: "the document of operators and policy is not understood" },
  "access.document.officers": { action: "refuse", says: "a document needs two security officers at least, or nobody could change it again" },
  "access.policy.invalid": { action: "refuse", says: "the policy does not parse, does not fit the schema, or has a rule without an id of its own" },
  "access.order.malformed": { action: "refuse", says: "the order is not understood" },
  "access.order.house": { action: "refuse", says: "the order is for another house" },
  "access.order.stranger": { action: "refuse", says: "nobody of this name is an operator here" },
  "access.order.signature": { action: "alarm", says: "the signature of the order is not the operator's" },
  "access.order.late": { action: "refuse", says: "the order was signed too long ago, in the future, or before management was started; compare the clocks and send it again" },
  "access.order.replayed": { action: "alarm", says: "the order was given before" },
  "access.order.many": { action: "retry", says: "too many orders came within the window" },
  "access.order.denied": { action: "refuse", says: "the policy does not allow this" },
  "access.order.unserved": { action: "refuse", says: "this house does not do this action" },
  "access.order.closed": { action: "alarm", says: "operator actions are refused because their record can not be kept, or nobody is named who may give them" },
  "access.change.version": { action: "refuse", says: "the change is not of the next version; read the present document and begin with it" },
  "access.change.other": { action: "refuse", says: "the order is not for this change" },
  "access.change.officer": { action: "refuse", says: "only a security officer changes operators and policy" },
  "access.change.few": { action: "refuse", says: "one officer is not enough for a change" },
  "access.change.unknown": { action: "refuse", says: "no such change was proposed, or it has lapsed" },
  "access.change.stored": { action: "alarm", says: "the stored changes of operators and policy are damaged or were edited" },
  "access.change.rolledBack": { action: "alarm", says: "the stored changes are older than what the audit log says was in force" },
} as const satisfies FailureTable;
