import { equalBytes } from "@crossguardian/kernel";
import { MAX_HEADS_KEPT } from "../limits.ts";
import { type CheckedHeader } from "./decode-header.ts";

/** The newest headers of the branch that the last head ends: headers below it without asking the node again. */
export type HeadCache = {
  /** Takes a new head; what it does not build on is forgotten. */
  readonly add: (head: CheckedHeader) => void;
  readonly at: (height: bigint) => CheckedHeader | null;
  readonly clear: () => void;
};

/** Makes an empty cache of at most MAX_HEADS_KEPT headers. */
export const makeHeadCache = (): HeadCache => {
  let branch: CheckedHeader[] = [];
  return {
    add: (head) => {
      const lowest = branch[0];
      if (lowest !== undefined) {
        const keep = head.height - lowest.height;
        const parent = keep > 0n && keep <= BigInt(branch.length) ? branch[Number(keep) - 1] : undefined;
        const isChild = parent !== undefined && equalBytes(parent.hash, head.parentHash);
        branch = isChild ? branch.slice(0, Number(keep)) : [];
      }
      branch.push(head);
      if (branch.length > MAX_HEADS_KEPT) branch = branch.slice(-MAX_HEADS_KEPT / 2);
    },
    at: (height) => {
      const lowest = branch[0];
      if (lowest === undefined || height < lowest.height) return null;
      return branch[Number(height - lowest.height)] ?? null;
    },
    clear: () => {
      branch = [];
    },
  };
};
