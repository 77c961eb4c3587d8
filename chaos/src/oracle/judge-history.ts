import { type History, type RelayFact } from "./history.ts";

/** One thing that must not be. `key` names the transfer; it is empty where it is about none. */
export type Complaint = { readonly kind: "lost" | "duplicated" | "stuck"; readonly key: string; readonly says: string };

/** What a history shows. A transfer is counted once under each kind. */
export type HistoryVerdict = {
  readonly transfers: number;
  readonly committed: number;
  readonly rolledBack: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly stuck: number;
  readonly complaints: readonly Complaint[];
};

const SUCCESS = 3;

type Object = (kind: Complaint["kind"], says: string) => void;

const judgeRelay = (facts: readonly RelayFact[], receipts: readonly number[], object: Object): void => {
  const of = (kind: RelayFact["kind"]): readonly RelayFact[] => facts.filter((each) => each.kind === kind);
  if (of("request").length > 1) object("duplicated", `the relay log has ${of("request").length} REQUESTs`);
  if (of("receipt").length > 1) object("duplicated", `the relay log has ${of("receipt").length} RECEIPTs`);
  if (of("cancel").length > 1) object("duplicated", `the relay log has ${of("cancel").length} CANCELs`);
  for (const { status } of of("receipt")) {
    if (!receipts.includes(status)) object("lost", `the relay log has a RECEIPT with ${status}, the destination says ${receipts.join(", ") || "nothing"}`);
  }
  if (of("receipt").length > 0 && of("request").length === 0) object("duplicated", "the relay log has a RECEIPT without a REQUEST");
  if (new Set(facts.map(({ hash }) => hash)).size > 1) object("duplicated", "the relay log has entries of several requests under one index");
};

const judgeTransfer = (history: History, key: string, object: Object): void => {
  const request = history.requests.get(key);
  const receipts = history.receipts.get(key) ?? [];
  const settled = history.settled.get(key) ?? [];
  const relay = history.relay.get(key) ?? [];
  if (request === undefined) {
    object("duplicated", `there are ${receipts.length} receipts, ${settled.length} settlements and ${relay.length} relay entries of what was never requested`);
    return;
  }
  if (receipts.length > 1) object("duplicated", `the destination decided ${receipts.length} times: ${receipts.join(", ")}`);
  if (settled.length > 1) object("duplicated", `the source settled ${settled.length} times: ${settled.join(", ")}`);
  const [status] = settled;
  if (status === undefined) object("stuck", `never settled on ${request.chain}; the destination says ${receipts.join(", ") || "nothing"}`);
  else if (!receipts.includes(status)) object("lost", `settled with ${status}, the destination says ${receipts.join(", ") || "nothing"}`);
  if (status !== undefined && relay.filter(({ kind }) => kind === "receipt").length === 0) object("lost", "settled without a RECEIPT in the relay log");
  if (receipts.includes(SUCCESS) && !relay.some(({ kind }) => kind === "request")) object("lost", "executed without a REQUEST in the relay log");
  if (request.isAsset) {
    const wanted = receipts.includes(SUCCESS) ? 1 : 0;
    const found = history.effects.get(key) ?? 0;
    if (found > wanted) object("duplicated", `assets moved ${found} times at the destination, wanted ${wanted}`);
    if (found < wanted) object("lost", "the destination says success and no assets moved");
  }
  judgeRelay(relay, receipts, object);
};

const judgeLog = ({ certified, log }: History, object: (complaint: Complaint) => void): void => {
  for (const [height, name] of certified) {
    const now = log.get(height);
    if (now === name) continue;
    const says = `relay block ${height.toString()} was certified and is ${now === undefined ? "gone" : "another one now"}`;
    object({ kind: now === undefined ? "lost" : "duplicated", key: "", says });
  }
};

/** Decides whether everything ended exactly once. Reads nothing but what it is given. */
export const judgeHistory = (history: History): HistoryVerdict => {
  const complaints: Complaint[] = [];
  const affected = { lost: new Set<string>(), duplicated: new Set<string>(), stuck: new Set<string>() };
  const take = (complaint: Complaint): void => {
    complaints.push(complaint);
    affected[complaint.kind].add(complaint.key === "" ? complaint.says : complaint.key);
  };
  const keys = new Set([...history.requests.keys(), ...history.receipts.keys(), ...history.settled.keys(), ...history.effects.keys(), ...history.relay.keys()]);
  let committed = 0;
  let rolledBack = 0;
  for (const key of keys) {
    judgeTransfer(history, key, (kind, says) => {
      take({ kind, key, says });
    });
    const status = history.settled.get(key)?.[0];
    if (status === SUCCESS) committed += 1;
    else if (status !== undefined) rolledBack += 1;
  }
  judgeLog(history, take);
  if (affected.stuck.size === 0) {
    for (const { chain, peer, locked, circulating } of history.supply) {
      if (locked === circulating) continue;
      take({ kind: locked > circulating ? "lost" : "duplicated", key: "", says: `chain ${chain} holds ${locked.toString()} for ${peer}, where ${circulating.toString()} circulate` });
    }
  }
  return {
    transfers: history.requests.size, committed, rolledBack, complaints,
    lost: affected.lost.size, duplicated: affected.duplicated.size, stuck: affected.stuck.size,
  };
};

/** Counts of several histories together. */
export const joinVerdicts = (verdicts: readonly Omit<HistoryVerdict, "complaints">[]): Omit<HistoryVerdict, "complaints"> => {
  const sum = (of: keyof Omit<HistoryVerdict, "complaints">): number => verdicts.reduce((total, verdict) => total + verdict[of], 0);
  return { transfers: sum("transfers"), committed: sum("committed"), rolledBack: sum("rolledBack"), lost: sum("lost"), duplicated: sum("duplicated"), stuck: sum("stuck") };
};
