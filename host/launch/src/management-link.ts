import { type Clock, CodedError, type Fact } from "@crossguardian/kernel";
import { makeAskTable } from "./ask-table.ts";
import { decodeManagementLine } from "./decode-management-line.ts";
import { type FromManagement, type ToManagement } from "./management-lines.ts";

/** The line to a management process. */
export type Line = { readonly send: (line: string) => void; readonly close: () => void };

/** The management process that is there at the moment, or none. */
export type ManagementLink = {
  /** A management process started: it gets the words of `opening`. */
  readonly connect: (
    open: (on: { readonly line: (untrustedLine: string) => void; readonly end: () => void }) => Line,
    opening: readonly ToManagement[],
  ) => void;
  readonly disconnect: () => void;
  /** Says something; lost when no management is there. */
  readonly tell: (line: ToManagement) => void;
  readonly isConnected: () => boolean;
  /** @throws launch.management.absent, launch.control.late */
  readonly ask: (domain: string, command: string, argument: string) => Promise<string>;
};

/** What the link needs. */
export type ManagementLinkParts = {
  readonly clock: Clock;
  readonly record: (event: string, facts: Readonly<Record<string, Fact>>) => void;
  /** Takes what management decides about a domain. */
  readonly onVerdict: (verdict: Extract<FromManagement, { readonly name: string }>) => void;
  readonly onWhitelist: (isOn: boolean) => void;
  /** Keeps the audit log's checkpoint. */
  readonly onCheckpoint: (note: string) => void;
};

/** Makes the link; no management is there yet. */
export const makeManagementLink = ({ clock, record, onVerdict, onWhitelist, onCheckpoint }: ManagementLinkParts): ManagementLink => {
  const asks = makeAskTable(clock);
  let line: Line | null = null;

  const tell = (words: ToManagement): void => line?.send(JSON.stringify(words));
  const take = (untrustedLine: string): void => {
    const decoded = decodeManagementLine(untrustedLine);
    if (!decoded.ok) record("management.malformed", { code: decoded.failure.code });
    else if (decoded.value.type === "ready") record("management.ready", {});
    else if (decoded.value.type === "answer") asks.answer(decoded.value.id, decoded.value);
    else if (decoded.value.type === "checkpoint") onCheckpoint(decoded.value.note);
    else if (decoded.value.type === "whitelist") onWhitelist(decoded.value.on);
    else onVerdict(decoded.value);
  };
  return {
    connect: (open, opening) => {
      line = open({ line: take, end: asks.failAll });
      opening.forEach(tell);
    },
    disconnect: () => {
      line?.close();
      line = null;
      asks.failAll();
    },
    tell,
    isConnected: () => line !== null,
    ask: async (domain, command, argument) => {
      if (line === null) throw new CodedError("launch.management.absent");
      return asks.ask((id) => tell({ type: "ask", id, domain, command, argument }));
    },
  };
};
