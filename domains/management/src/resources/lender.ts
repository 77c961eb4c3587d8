import { type Clock, type Log } from "@crossguardian/kernel";
import { type Allocation, type ToLauncher } from "../house.ts";
import { type Monitored } from "../monitor/make-monitor.ts";
import { nameFacts, type Watched } from "../watched.ts";
import { decideLoan, type Loan, type LoanBounds, type LoanRecord, noLoan } from "./lend-cpu.ts";

/** Changes of loans kept for whoever asks. */
export const MAX_RECENT_LOANS = 256;

/** What a lender works with. */
export type LenderParts = {
  readonly clock: Pick<Clock, "wallMs">;
  readonly log: Log;
  readonly tellLauncher: (line: ToLauncher) => void;
  readonly isSuspect: (name: string) => boolean;
  readonly keep: (record: LoanRecord) => void;
};

/** Moves cpu to domains under legitimate load and back. */
export type Lender = {
  readonly onPoint: (monitored: Monitored, nowMs: number) => void;
  /** An allocation changed. */
  readonly onAllocation: (watched: Watched, allocation: Allocation) => void;
  readonly recent: () => readonly LoanRecord[];
};

const boundsOf = ({ allocation, domain }: Watched): LoanBounds | null => {
  const base = allocation.cpuPercent === undefined ? domain.cpuQuotaPercent : allocation.cpuPercent;
  const most = allocation.cpuMostPercent ?? null;
  return base === null || most === null || most <= base ? null : { base, most };
};

/** Makes the lender of a house. */
export const makeLender = ({ clock, log, tellLauncher, isSuspect, keep }: LenderParts): Lender => {
  const loans = new Map<string, { readonly epoch: bigint; readonly loan: Loan }>();
  const recent: LoanRecord[] = [];

  const change = (watched: Watched, from: number, to: number, { cpuPercent, throttledPerS, workBytesPerS }: Monitored["point"]): void => {
    tellLauncher({ type: "allocate", ...nameFacts(watched), change: { cpuPercent: to }, lends: true });
    watched.lentPercent = to;
    const record: LoanRecord = {
      atMs: clock.wallMs(), domain: watched.domain.name, epoch: nameFacts(watched).epoch, step: "lend", outcome: "ordered", tookMs: null, by: "resources",
      says: to > from ? "busy with legitimate work at its quota" : "needs less, or is suspected",
      facts: { fromPercent: from, toPercent: to, cpuPercent, throttledPerS, workBytesPerS },
    };
    recent.push(record);
    if (recent.length > MAX_RECENT_LOANS) recent.shift();
    log.info("resources.lend", { name: record.domain, from, to, cpuPercent });
    keep(record);
  };
  return {
    onPoint: ({ watched, point }, nowMs) => {
      // What a detector holds against a domain goes before what it may be lent.
      if (watched?.epoch === undefined || watched.epoch === null || watched.phase !== "admitted" || watched.hold.cpuPercent !== null) return;
      const bounds = boundsOf(watched);
      const { name } = watched.domain;
      if (bounds === null) return;
      const known = loans.get(name);
      const before = known?.epoch === watched.epoch ? known.loan : noLoan(bounds);
      const loan = decideLoan(before, bounds, { point, isSuspect: isSuspect(name), nowMs });
      loans.set(name, { epoch: watched.epoch, loan });
      if (loan.percent !== before.percent) change(watched, before.percent, loan.percent, point);
    },
    onAllocation: (watched, allocation) => {
      watched.allocation = allocation;
      watched.lentPercent = null;
      loans.delete(watched.domain.name);
    },
    recent: () => recent,
  };
};
