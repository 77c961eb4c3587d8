import { CodedError } from "@crossguardian/kernel";
import { encodeMessage, MESSAGES, type Message, SUBMIT_CALL } from "@crossguardian/wire";

/** A submission as it came from the interaction domain. */
export type Submission = Message<"submit">;

/** One transaction: what the chaincode is called with, and the pairs whose records it writes. */
export type PlannedTransaction = { readonly name: string; readonly content: Uint8Array; readonly pairs: ReadonlySet<string>; readonly entries: number };

const NAMES = { [SUBMIT_CALL.execute]: "gateway:execute", [SUBMIT_CALL.settle]: "gateway:settle", [SUBMIT_CALL.cancel]: "gateway:cancel", [SUBMIT_CALL.rotate]: "gateway:rotate" } as const;

const bytesOf = ({ bodies, results, entries }: Submission, at: number): number => {
  const body = bodies[at];
  const called = body === undefined ? 0 : body.args.reduce((sum, arg) => sum + arg.length + 4, body.func.length + 128);
  return called + (results[at]?.length ?? 0) + 300 + (entries[at]?.siblings.length ?? 0) * 32;
};

const part = (submission: Submission, low: number, high: number): PlannedTransaction => {
  const some: Submission = {
    ...submission,
    entries: submission.entries.slice(low, high),
    bodies: submission.bodies.slice(low, high),
    results: submission.results.slice(low, high),
  };
  return {
    name: NAMES[submission.call],
    content: encodeMessage(MESSAGES.submit.codec, some),
    pairs: new Set(some.entries.map(({ from, to }) => `${from}-${to}`)),
    entries: high - low,
  };
};

/** Splits a submission into transactions by entries and bytes. @throws fabric.submit.malformed */
export const splitSubmission = (submission: Submission, maxEntries: number, maxBytes: number): readonly PlannedTransaction[] => {
  const { call, entries, bodies, results } = submission;
  const extras = call === SUBMIT_CALL.execute ? bodies.length : call === SUBMIT_CALL.settle ? results.length : entries.length;
  if (entries.length === 0 || (extras !== entries.length && call !== SUBMIT_CALL.rotate)) throw new CodedError("fabric.submit.malformed", { call });
  const planned: PlannedTransaction[] = [];
  let low = 0;
  let bytes = 0;
  for (let at = 0; at < entries.length; at += 1) {
    const size = bytesOf(submission, at);
    if (at > low && (at - low >= maxEntries || bytes + size > maxBytes)) {
      planned.push(part(submission, low, at));
      low = at;
      bytes = 0;
    }
    bytes += size;
  }
  planned.push(part(submission, low, entries.length));
  return planned;
};
