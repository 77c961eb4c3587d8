import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, type Log, utf8 } from "@crossguardian/kernel";
import { decodeMessage, fabricTogether, type Message, MESSAGES, SUBMIT_OUTCOME } from "@crossguardian/wire";
import { type ContractPort, type TransactionOutcome } from "../src/index.ts";
import { makeTransactionSender } from "../src/submit/transaction-sender.ts";
import { splitSubmission, type Submission } from "../src/submit/split-submission.ts";

const quiet: Log = { info: () => undefined, warn: () => undefined, alarm: () => undefined };
const atOnce: Clock = {
  wallMs: () => 0,
  monotonicMs: () => 0,
  after: (_delayMs, run) => {
    queueMicrotask(run);
    return () => undefined;
  },
};
const HASH = new Uint8Array(32);

const submission = (id: bigint, pairs: readonly string[], per = 1): Submission => {
  const entries = pairs.flatMap((from) =>
    Array.from({ length: per }, (_, at) => ({ from, to: "1:C:vault", index: BigInt(at + 1), requestHash: HASH, status: 0 as const, resultHash: HASH, position: at, siblings: [HASH] })),
  );
  const body = { srcChain: HASH, srcContract: HASH, timeoutMs: 1n, priority: 0, isPrivate: false, salt: HASH, func: "mint", args: [HASH, HASH] };
  return {
    chain: "C", id, call: 1, attestation: { header: { epoch: 1n, height: id, prevHash: HASH, tickMs: 1n, entriesRoot: HASH }, signatures: [] },
    entries, bodies: entries.map(() => body), results: [],
  };
};

type Sent = { readonly name: string; readonly content: Uint8Array; readonly finish: (outcome: TransactionOutcome) => void };

const start = (t: { readonly maxTransactions?: number; readonly maxEntries?: number; readonly isUp?: () => boolean; readonly clock?: Clock } = {}) => {
  const sent: Sent[] = [];
  const hints: Omit<Message<"submitted">, "chain">[] = [];
  let more: (() => void) | null = null;
  const contract: ContractPort = {
    evaluate: async () => Promise.resolve(new Uint8Array(0)),
    submit: async (name, [content]) =>
      new Promise((finish) => {
        sent.push({ name, content: content instanceof Uint8Array ? content : new Uint8Array(0), finish });
        more?.();
      }),
  };
  const sender = makeTransactionSender({
    contract, isUp: t.isUp ?? (() => true), maxEntries: t.maxEntries ?? 64, maxTransactions: t.maxTransactions ?? 4, clock: t.clock ?? atOnce, log: quiet,
    report: (hint) => {
      hints.push(hint);
      more?.();
    },
  });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => (more = resolve));
  };
  return { sender, sent, hints, until };
};

const committed: TransactionOutcome = { kind: "committed", transaction: "aa", result: new Uint8Array(0) };
const conflict: TransactionOutcome = { kind: "conflict", detail: "validation code 11" };

test("a version conflict is tried again in a new transaction, and the submission is reported once", async () => {
  const { sender, sent, hints, until } = start();
  sender.submit(submission(1n, ["1:A:vault"]));
  for (let round = 1; round <= 3; round += 1) {
    await until(() => sent.length === round);
    sent[round - 1]?.finish(round < 3 ? conflict : committed);
  }
  await until(() => hints.length === 1);
  assert.deepEqual(hints, [{ id: 1n, outcome: SUBMIT_OUTCOME.mined, detail: "" }]);
  assert.deepEqual([sent.length, sender.inFlight()], [3, 0]);
});

test("a network that takes its time over a transaction is nothing the plugin owes, until the transaction's deadlines are over", async () => {
  let nowMs = 1_000;
  const { sender, sent, until } = start({ maxTransactions: 1, clock: { ...atOnce, monotonicMs: () => nowMs } });
  assert.equal(sender.stillMs(), 0);
  sender.submit(submission(1n, ["1:A:vault"]));
  sender.submit(submission(2n, ["1:B:vault"]));
  await until(() => sent.length === 1);
  nowMs += 50_000;
  assert.equal(sender.stillMs(), 0);
  nowMs += 700;
  assert.equal(sender.stillMs(), 700);
  sent[0]?.finish(committed);
  await until(() => sent.length === 2);
  assert.equal(sender.stillMs(), 0);
});

test("conflicts without end are given up, and the interaction domain hears of it", async () => {
  const { sender, sent, hints, until } = start();
  sender.submit(submission(1n, ["1:A:vault"]));
  for (let round = 1; hints.length === 0; round += 1) {
    await until(() => sent.length === round || hints.length > 0);
    sent[round - 1]?.finish(conflict);
    await until(() => sent.length > round || hints.length > 0);
  }
  assert.deepEqual(hints, [{ id: 1n, outcome: SUBMIT_OUTCOME.failed, detail: "fabric.submit.conflict" }]);
  assert.equal(sent.length, 13);
});

test("transactions of one pair go one after the other, those of different pairs side by side, within a bound", async () => {
  const { sender, sent, hints, until } = start({ maxTransactions: 2 });
  for (const [at, pair] of ["1:A:vault", "1:A:vault", "1:B:vault", "1:E:vault"].entries()) sender.submit(submission(BigInt(at + 1), [pair]));
  assert.deepEqual([sent.length, sender.inFlight(), sender.waiting()], [2, 2, 2]);
  sent[0]?.finish(committed);
  await until(() => hints.length === 1);
  assert.equal(sent.length, 3);
  for (const each of sent) each.finish(committed);
  await until(() => hints.length === 4);
  assert.equal(sender.waiting(), 0);
});

test("what waits for a pair goes together into its next transaction, within the bound of entries, and each submission hears what became of it", async () => {
  const { sender, sent, hints, until } = start({ maxTransactions: 1, maxEntries: 5 });
  sender.submit(submission(1n, ["1:A:vault"]));
  for (const id of [2n, 3n, 4n]) sender.submit(submission(id, ["1:A:vault"], 2));
  sent[0]?.finish(committed);
  await until(() => sent.length === 2);
  assert.deepEqual(sent.map(({ name }) => name), ["gateway:execute", "gateway:together"]);
  const together = decodeMessage(fabricTogether, sent[1]?.content ?? new Uint8Array(0));
  assert.ok(together.ok);
  assert.deepEqual(together.value.map((each) => decodeMessage(MESSAGES.submit.codec, each)).map((each) => (each.ok ? each.value.id : null)), [2n, 3n]);
  sent[1]?.finish({ ...committed, result: utf8(JSON.stringify(["", "BodyMismatch index 1"])) });
  await until(() => sent.length === 3);
  sent[2]?.finish(committed);
  await until(() => hints.length === 4);
  assert.deepEqual(hints.map(({ id, outcome }) => [id, outcome]), [[1n, SUBMIT_OUTCOME.mined], [2n, SUBMIT_OUTCOME.mined], [3n, SUBMIT_OUTCOME.reverted], [4n, SUBMIT_OUTCOME.mined]]);
});

test("after a transaction that took too long fewer submissions go together, and more again after each that is committed", async () => {
  const { sender, sent, hints, until } = start({ maxTransactions: 1 });
  const countOf = (at: number): number => {
    const together = decodeMessage(fabricTogether, sent[at]?.content ?? new Uint8Array(0));
    return sent[at]?.name === "gateway:together" && together.ok ? together.value.length : 1;
  };
  for (let id = 1n; id <= 9n; id += 1n) sender.submit(submission(id, ["1:A:vault"]));
  sent[0]?.finish(committed);
  await until(() => sent.length === 2);
  sent[1]?.finish({ kind: "unknown", detail: "deadline" });
  await until(() => hints.length === 9);
  for (let id = 11n; id <= 21n; id += 1n) sender.submit(submission(id, ["1:A:vault"]));
  for (let at = 2; hints.length < 20; at += 1) {
    await until(() => sent.length > at || hints.length === 20);
    sent[at]?.finish(committed);
  }
  assert.deepEqual(sent.map((_, at) => countOf(at)), [1, 8, 1, 5, 5]);
});

test("a submission that takes too long is split into smaller transactions the next time, down to single entries, and grows again", async () => {
  const { sender, sent, hints, until } = start({ maxTransactions: 1, maxEntries: 16 });
  const sizes: number[] = [];
  const entriesOf = ({ content }: Sent): number => {
    const decoded = decodeMessage(MESSAGES.submit.codec, content);
    return decoded.ok ? decoded.value.entries.length : 0;
  };
  for (let id = 1n; id <= 5n; id += 1n) {
    const first = sent.length;
    sender.submit(submission(id, ["1:A:vault"], 16));
    for (let at = first; hints.length < Number(id); at += 1) {
      await until(() => sent.length > at || hints.length === Number(id));
      const each = sent[at];
      if (each === undefined) continue;
      if (at === first) sizes.push(entriesOf(each));
      each.finish(id < 5n ? { kind: "unknown", detail: "deadline" } : committed);
    }
  }
  assert.deepEqual(sizes.slice(0, 2), [16, 8]);
  assert.equal(sizes.at(-1), 1);
  sender.submit(submission(6n, ["1:A:vault"], 16));
  assert.ok(entriesOf(sent.at(-1)!) > 1);
});

test("what does not get to the peer because the connection is lost is not taken for too much", async () => {
  const lost = { isUp: true };
  const { sender, sent, hints, until } = start({ maxTransactions: 1, maxEntries: 16, isUp: () => lost.isUp });
  sender.submit(submission(1n, ["1:A:vault"], 16));
  lost.isUp = false;
  sent[0]?.finish({ kind: "unknown", detail: "the connection ended" });
  await until(() => hints.length === 1);
  sender.submit(submission(2n, ["1:A:vault"], 16));
  assert.deepEqual(hints.map(({ detail }) => detail), ["the connection ended", "fabric.peer.lost"]);
  lost.isUp = true;
  sender.submit(submission(3n, ["1:A:vault"], 16));
  const decoded = decodeMessage(MESSAGES.submit.codec, sent[1]?.content ?? new Uint8Array(0));
  assert.equal(decoded.ok && decoded.value.entries.length, 16);
});

test("submissions that are refused together are tried one by one, so that one of them keeps no other out", async () => {
  const { sender, sent, hints, until } = start();
  for (const id of [1n, 2n, 3n]) sender.submit(submission(id, ["1:A:vault"]));
  sent[0]?.finish(committed);
  await until(() => sent.length === 2);
  sent[1]?.finish({ kind: "refused", detail: "chaincode response 500" });
  await until(() => sent.length === 3);
  sent[2]?.finish({ kind: "refused", detail: "chaincode response 500, BodyMismatch" });
  await until(() => sent.length === 4);
  sent[3]?.finish(committed);
  await until(() => hints.length === 3);
  assert.deepEqual(sent.map(({ name }) => name), ["gateway:execute", "gateway:together", "gateway:execute", "gateway:execute"]);
  assert.deepEqual(hints.map(({ id, outcome }) => [id, outcome]), [[1n, SUBMIT_OUTCOME.mined], [2n, SUBMIT_OUTCOME.reverted], [3n, SUBMIT_OUTCOME.mined]]);
});

test("a refused transaction and one that nobody knows about are told apart", async () => {
  const { sender, sent, hints, until } = start();
  sender.submit(submission(1n, ["1:A:vault"]));
  sender.submit(submission(2n, ["1:B:vault"]));
  sent[0]?.finish({ kind: "refused", detail: "chaincode response 500, BodyMismatch" });
  sent[1]?.finish({ kind: "unknown", detail: "deadline" });
  await until(() => hints.length === 2);
  assert.deepEqual(hints.map(({ outcome }) => outcome), [SUBMIT_OUTCOME.reverted, SUBMIT_OUTCOME.failed]);
});

test("a submission is split by entries and by bytes, and one whose parts do not fit is refused", () => {
  assert.deepEqual(splitSubmission(submission(1n, ["1:A:vault"], 130), 64, 1_000_000).map(({ entries }) => entries), [64, 64, 2]);
  assert.equal(splitSubmission(submission(1n, ["1:A:vault"], 10), 64, 600).length, 10);
  assert.throws(() => splitSubmission({ ...submission(1n, ["1:A:vault"]), bodies: [] }, 64, 1_000), /fabric\.submit\.malformed/u);
  assert.throws(() => splitSubmission({ ...submission(1n, ["1:A:vault"]), entries: [] }, 64, 1_000), /fabric\.submit\.malformed/u);
});
