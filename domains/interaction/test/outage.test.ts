import assert from "node:assert/strict";
import { test } from "node:test";
import { type Message, SUBMIT_OUTCOME } from "@crossguardian/wire";
import { type Incoming } from "../src/incoming.ts";
import { type Send } from "../src/ports.ts";
import { MAX_OUTAGE_WAIT_MS, MAX_SUBMISSION_ENTRIES, Submitter } from "../src/submitter.ts";
import { makeTraces } from "../src/trace.ts";
import { makeFakeClock } from "./fake-clock.ts";
import { RETRY_MS } from "./world.ts";

const PAIR = "1:A:vault-1:C:vault";
const STEP_MS = 100;
const ENTRIES = 2_000;
const HASH = new Uint8Array(32);

/** A submitter with many open entries of one block, and a plugin that answers every submission in one way. */
const start = () => {
  const clock = makeFakeClock();
  const open: Incoming[] = [];
  const sent: Message<"submit">[] = [];
  const warnings: Readonly<Record<string, unknown>>[] = [];
  let question: Message<"query"> | null = null;
  let outcome: Message<"submitted">["outcome"] = SUBMIT_OUTCOME.failed;
  const hints: Message<"submitted">[] = [];
  const send: Send = (_to, name, message) => {
    if (name === "submit") {
      sent.push(message as Message<"submit">);
      hints.push({ chain: "C", id: (message as Message<"submit">).id, outcome, detail: "" });
    }
    if (name === "query") question = message as Message<"query">;
    return true;
  };
  const log = { info: () => undefined, warn: (_code: string, facts?: Readonly<Record<string, unknown>>) => void warnings.push(facts ?? {}), alarm: () => undefined };
  const submitter = new Submitter(
    { send, clock, log, traces: makeTraces(clock), ready: () => true, cursor: () => 0n, isBehind: () => false, tip: () => 0n, open: () => open, conclude: () => undefined },
    { chain: "C", plugin: "plugin", retryMs: RETRY_MS, tightens: true, ids: { next: 1n } },
  );
  const block = { height: 1n, hash: HASH, attestation: { header: {}, signatures: [] }, tree: { siblings: () => [] } } as unknown as Incoming["block"]; // what a submission reads of it
  for (let index = 1n; index <= BigInt(ENTRIES); index += 1n) {
    const entry: Incoming = {
      key: index.toString(), id: `${PAIR}-${index.toString()}`, pair: PAIR, call: "cancel", chain: "C", block, position: Number(index), body: null,
      facts: { kind: 3, from: "1:A:vault", to: "1:C:vault", index, requestHash: HASH, status: 2, resultHash: HASH },
      hand: "plugin", stage: "queued", sinceMs: 0, attempts: 0, failures: 0, nextTryMs: 0, submitId: 0n, isKnownOpen: false, decidedTip: null,
    };
    open.push(entry);
    submitter.add(entry);
  }
  const run = (ms: number): void => {
    for (let at = 0; at < ms; at += STEP_MS) {
      clock.advance(STEP_MS);
      submitter.tick();
      for (const hint of hints.splice(0)) submitter.onSubmitted(hint);
      const asked: Message<"query"> | null = question;
      question = null;
      if (asked !== null) submitter.onDecided({ chain: "C", id: asked.id, pairs: asked.pairs.map(({ count, ...pair }) => ({ ...pair, last: 0n, bitmap: new Uint8Array(Math.ceil(count / 8)) })) });
    }
  };
  return { run, sent, warnings, answer: (next: typeof outcome) => (outcome = next) };
};

test("what a node does not take stays together and is sent again after waits that grow up to a bound, each said once", () => {
  const { run, sent, warnings, answer } = start();
  const OUTAGE_MS = 60_000;
  run(OUTAGE_MS);
  const rounds = sent.length / Math.ceil(ENTRIES / MAX_SUBMISSION_ENTRIES);
  assert.ok(rounds <= OUTAGE_MS / MAX_OUTAGE_WAIT_MS + 8, `${rounds} rounds`);
  assert.ok(rounds >= OUTAGE_MS / (MAX_OUTAGE_WAIT_MS + RETRY_MS) - 1, `${rounds} rounds`);
  assert.ok(warnings.length <= OUTAGE_MS / MAX_OUTAGE_WAIT_MS + 8, `${warnings.length} warnings`);
  assert.deepEqual([...new Set(sent.map(({ entries }) => entries.length))].sort((a, b) => b - a), [MAX_SUBMISSION_ENTRIES, ENTRIES % MAX_SUBMISSION_ENTRIES]);
  answer(SUBMIT_OUTCOME.mined);
  sent.length = 0;
  run(MAX_OUTAGE_WAIT_MS + RETRY_MS);
  assert.equal(sent.reduce((sum, { entries }) => sum + entries.length, 0), ENTRIES, "all of it, soon after the node is back");
});

test("a submission that is refused is split until what is wrong stands alone", () => {
  const { run, sent, answer } = start();
  answer(SUBMIT_OUTCOME.reverted);
  run(20_000);
  const sizes = [...new Set(sent.map(({ entries }) => entries.length))];
  assert.deepEqual([sizes.includes(MAX_SUBMISSION_ENTRIES), sizes.includes(MAX_SUBMISSION_ENTRIES >> 3), sizes.includes(1)], [true, true, true]);
});
