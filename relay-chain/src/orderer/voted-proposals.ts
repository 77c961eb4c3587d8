import { type Cancel, type Clock, equalBytes, failure, type Hash, type Log, refuse, type Result, ok, toHex } from "@crossguardian/kernel";
import { decodeMessage, type Message, MESSAGES } from "@crossguardian/wire";
import { type Head } from "../blocks/sealed-block.ts";
import { type Rule } from "./pending-batch.ts";

/** How long after t validators came a proposal they have signed is waited for, in ms: its batches may have to come and be checked again. */
export const VOTED_WAIT_MS = 3_000;

/** A proposal that a validator says it has signed; whatever it holds is untrusted. */
export type VotedProposal = { readonly bytes: Uint8Array; readonly message: Message<"proposal"> };

/** Whether t validators sign a proposal when it comes again: they do, it is not known yet, or they never will. */
export type Standing = "ready" | "unknown" | "never";

/** What the first block after a start is. */
export type FirstBlock = { readonly kind: "wait" | "new" } | { readonly kind: "again"; readonly voted: VotedProposal };

/**
 * What validators have signed of the next height, as they say when they come. Its log may have lost what an orderer proposed last, and a validator signs one
 * proposal of a height: another one of that height might never get t votes. So the first block after a start waits until t validators have come, and is
 * what one of them has signed, if t sign that.
 */
export type VotedProposals = {
  /** A validator of the current set has come and says what it signed last. Errors: wire.message.*, relaychain.orderer.behind */
  readonly heard: (address: string, untrusted: Uint8Array) => Result<null>;
  readonly first: () => FirstBlock;
  /** Too few validators are there that can sign the same: more have to come. */
  readonly isUndecided: () => boolean;
  /** A proposal that may be made again takes entries of this batch: it is not given up yet. */
  readonly needs: (batch: Uint8Array) => boolean;
  /** A block was proposed: from now on the log has what is signed. */
  readonly end: () => void;
};

/** What it works on. `again` is called when something may be different after {@link VOTED_WAIT_MS}. */
export type VotedPorts = {
  readonly clock: Pick<Clock, "after">;
  readonly log: Log;
  readonly head: () => Head;
  readonly rule: () => Rule;
  readonly isMember: (address: string) => boolean;
  readonly sha256: Hash;
  readonly standingOf: (voted: VotedProposal) => Standing;
  readonly again: () => void;
};

/** Makes it; `isOver` where the log has the proposal of the next height. */
export const makeVotedProposals = (ports: VotedPorts, isOver: boolean): VotedProposals => {
  /** By validator; null: it has signed nothing above the head. */
  const heard = new Map<string, VotedProposal | null>();
  let hasEnded = isOver;
  let waiting: Cancel | null = null;
  let isLate = false;
  let isUndecided = false;

  const open = (untrusted: Uint8Array): Result<VotedProposal | null> => {
    if (untrusted.length === 0) return ok(null);
    const bytes = untrusted.slice();
    const message = decodeMessage(MESSAGES.proposal.codec, bytes);
    if (!message.ok) return message;
    const { height } = message.value.header;
    const head = ports.head().height;
    if (height <= head) return ok(null);
    if (height > head + 1n) return refuse(failure("relaychain.orderer.behind", { head, signed: height }));
    return ok({ bytes, message: message.value });
  };

  /** The different ones, byte for byte (a signature is for the header only), those that most have signed first. */
  const ranked = (said: readonly VotedProposal[]): readonly VotedProposal[] => {
    const different = Map.groupBy(said, ({ bytes }) => toHex(ports.sha256(bytes)));
    return [...different.values()].sort((left, right) => right.length - left.length).flatMap(([one]) => one ?? []);
  };

  const late = (): void => {
    isLate = true;
    ports.again();
  };

  const tell = (free: number, t: number): void => {
    if (isUndecided) return;
    isUndecided = true;
    ports.log.alarm("relaychain.orderer.undecided", { height: ports.head().height + 1n, free, needed: t });
  };

  return {
    heard: (address, untrusted) => {
      if (hasEnded) return ok(null);
      const opened = open(untrusted);
      if (opened.ok) heard.set(address, opened.value);
      else heard.delete(address);
      return opened.ok ? ok(null) : opened;
    },
    first: () => {
      if (hasEnded) return { kind: "new" };
      const { t } = ports.rule();
      const present = [...heard].filter(([address]) => ports.isMember(address)).map(([, voted]) => voted);
      if (present.length < t) return { kind: "wait" };
      waiting ??= ports.clock.after(VOTED_WAIT_MS, late);
      let isUnknown = false;
      for (const voted of ranked(present.filter((each) => each !== null))) {
        const standing = ports.standingOf(voted);
        if (standing === "ready") return { kind: "again", voted };
        isUnknown ||= standing === "unknown";
      }
      if (isUnknown && !isLate) return { kind: "wait" };
      const free = present.filter((each) => each === null).length;
      if (free >= t) return { kind: "new" };
      if (isLate) tell(free, t);
      return { kind: "wait" };
    },
    isUndecided: () => isUndecided && !hasEnded,
    needs: (batch) => [...heard.values()].some((voted) => voted?.message.batches.some(({ hash }) => equalBytes(hash, batch)) ?? false),
    end: () => {
      hasEnded = true;
      waiting?.();
      heard.clear();
    },
  };
};
