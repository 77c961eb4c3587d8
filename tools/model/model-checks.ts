/** How a property is searched: as an invariant, on every infinite run, or on every weakly fair one. */
export type SearchMode = "invariant" | "every run" | "fair runs";

/** One property, by the name of its `ltl` in the model. */
export type Property = { readonly name: string; readonly mode: SearchMode };

/** A configuration of one of the model's two files: what spin is given with -D, and what is searched for in it. */
export type ModelCheck = {
  readonly name: string;
  readonly file: "anyone.pml" | "gateways.pml";
  readonly defines: readonly string[];
  readonly properties: readonly Property[];
};

/** A build that is wrong on purpose, and the property that has to notice. */
export type ModelMutation = ModelCheck & { readonly breaks: string };

const invariants = (...names: readonly string[]): readonly Property[] => names.map((name) => ({ name, mode: "invariant" }));

const SAFETY = invariants(
  ...["notBoth", "settledOnce", "executedOnce", "notAfterCancel", "commitExecuted", "rollbackNotExecuted"],
  ...["decidedFirst", "sameRequest"],
);
const SAFE: Property = { name: "safe", mode: "invariant" };
const ENDS: Property = { name: "ends", mode: "every run" };
const ENDS_FAIR: Property = { name: "ends", mode: "fair runs" };
const CLOSES: Property = { name: "closes", mode: "every run" };
const ALL_FAULTS = ["WITH_KILLS", "WITH_LOSSES", "WITH_COPIES", "WITH_CHAINS"];

/** Everything `make model` searches; docs/model.md has the same table with the reasons. Longest first. */
export const MODEL_CHECKS: readonly ModelCheck[] = [
  {
    name: "two-transfers-kills",
    file: "gateways.pml",
    defines: ["N=2", "FAULTS=1", "WITH_KILLS", "MARKS_NEWEST", "CALLS_SUCCEED"],
    properties: [SAFE, ENDS],
  },
  {
    name: "two-transfers-ordered",
    file: "gateways.pml",
    defines: ["N=2", "FAULTS=1", "WITH_LOSSES", "ORDERED", "BODIES_MISSING", "CALLS_SUCCEED"],
    properties: [SAFE, ENDS_FAIR],
  },
  { name: "anyone-carries", file: "anyone.pml", defines: ["N=3", "WINDOW=2"], properties: SAFETY },
  {
    name: "one-transfer",
    file: "gateways.pml",
    defines: ["N=1", "FAULTS=3", ...ALL_FAULTS, "BODIES_MISSING"],
    properties: [SAFE, ENDS, CLOSES],
  },
  { name: "two-transfers-window", file: "gateways.pml", defines: ["N=2", "FAULTS=1", "WINDOW=1", ...ALL_FAULTS], properties: [SAFE, ENDS] },
  { name: "two-transfers-losses", file: "gateways.pml", defines: ["N=2", "FAULTS=1", "WITH_LOSSES", "WITH_COPIES", "CALLS_SUCCEED"], properties: [SAFE, ENDS] },
  { name: "two-transfers-chains", file: "gateways.pml", defines: ["N=2", "FAULTS=1", "WITH_CHAINS", "CALLS_SUCCEED"], properties: [SAFE, ENDS] },
  { name: "anyone-carries-ordered", file: "anyone.pml", defines: ["N=2", "ORDERED"], properties: SAFETY },
  { name: "without-relay-states", file: "anyone.pml", defines: ["N=2", "WITHOUT_RELAY_STATES"], properties: SAFETY },
];

const carried = (name: string, breaks: string, defines: readonly string[], ...properties: readonly string[]): ModelMutation => ({
  name, breaks, file: "anyone.pml", defines: ["N=2", ...defines], properties: invariants(...properties),
});
const stuck = (name: string, breaks: string, defines: readonly string[]): ModelMutation => ({
  name, breaks, file: "gateways.pml", defines: ["N=1", "FAULTS=1", ...defines], properties: [ENDS],
});

/** Each has to be caught by each of its properties. */
export const MODEL_MUTATIONS: readonly ModelMutation[] = [
  carried("MUTATE_DEDUPE", "the destination does not remember what it has decided", ["MUTATE_DEDUPE"], "executedOnce"),
  carried("MUTATE_LATE_EXECUTE", "the destination executes what it has cancelled", ["MUTATE_LATE_EXECUTE"], "notAfterCancel", "rollbackNotExecuted"),
  carried("MUTATE_CANCEL_AT_SOURCE", "a clock at the source rolls back without the destination's word", ["MUTATE_CANCEL_AT_SOURCE"], "decidedFirst", "rollbackNotExecuted"),
  carried("MUTATE_RELAY_DECIDES", "the relay takes its own CANCEL for the answer", ["MUTATE_RELAY_DECIDES"], "decidedFirst", "rollbackNotExecuted"),
  carried("MUTATE_SOURCE_FORGETS", "the source does not remember what it has settled", ["MUTATE_SOURCE_FORGETS"], "settledOnce"),
  carried("MUTATE_SOURCE_FORGETS with MUTATE_CANCEL_AT_SOURCE", "both", ["MUTATE_SOURCE_FORGETS", "MUTATE_CANCEL_AT_SOURCE"], "notBoth"),
  carried("MUTATE_UNFINAL", "events above the finality depth are believed", ["MUTATE_UNFINAL"], "commitExecuted", "sameRequest"),
  stuck("MUTATE_NO_RESEND", "a request is published once and never again", ["MUTATE_NO_RESEND", "WITH_LOSSES"]),
  stuck("MUTATE_EARLY_MARK", "the durable cursor runs ahead of what is undone", ["MUTATE_EARLY_MARK", "WITH_KILLS"]),
  stuck("MUTATE_NO_DEADLINE", "the relay never orders CANCEL", ["MUTATE_NO_DEADLINE", "BODIES_MISSING"]),
  stuck("MUTATE_LATE_SUCCESS_REFUSED", "the relay refuses a SUCCESS after its CANCEL", ["MUTATE_LATE_SUCCESS_REFUSED"]),
];
