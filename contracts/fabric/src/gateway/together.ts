import { type Message, SUBMIT_CALL } from "@crossguardian/wire";
import { type Call } from "../call.ts";
import { Refusal } from "../refusal.ts";
import { rotate } from "./attested.ts";
import { cancel, execute } from "./destination.ts";
import { settle } from "./source.ts";

const RUN: Readonly<Record<Message<"submit">["call"], (call: Call, submission: Message<"submit">) => Promise<void>>> = {
  [SUBMIT_CALL.execute]: execute,
  [SUBMIT_CALL.settle]: settle,
  [SUBMIT_CALL.cancel]: cancel,
  [SUBMIT_CALL.rotate]: rotate,
};

/**
 * Takes submissions in the order given, each in a frame of its own: one that is refused undoes nothing but itself. Answers why each was
 * refused, "" for those that were taken. A pair's transactions go one after the other, so what waits meanwhile shares the next.
 */
export const takeTogether = async (call: Call, contents: readonly Uint8Array[], open: (untrusted: Uint8Array) => Message<"submit">): Promise<readonly string[]> => {
  const reasons: string[] = [];
  for (const content of contents) {
    try {
      await call.ledger.inFrame(async () => {
        const submission = open(content);
        await RUN[submission.call](call, submission);
      });
      reasons.push("");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      reasons.push(error.message);
    }
  }
  return reasons;
};
