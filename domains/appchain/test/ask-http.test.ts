import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type Duplex, duplexPair } from "node:stream";
import { test, type TestContext } from "node:test";
import { CodedError } from "@crossguardian/kernel";
import { makeAskHttp } from "../src/index.ts";

const QUESTIONS = 12;

/** A server behind lent streams, which have nothing of a socket; counts the streams. */
const lend = (t: TestContext, answerOf: (path: string, body: string) => string | null) => {
  const server = createServer((asked, answer) => {
    let body = "";
    asked.on("data", (piece: Buffer) => (body += piece.toString()));
    asked.on("end", () => {
      const text = answerOf(asked.url ?? "", body);
      if (text === null) answer.statusCode = 500;
      answer.end(text ?? "");
    });
  });
  t.after(() => server.close());
  const lent: Duplex[] = [];
  t.after(() => lent.forEach((stream) => stream.destroy()));
  return {
    lent,
    connect: (): Duplex => {
      const [ours, theirs] = duplexPair();
      lent.push(ours);
      server.emit("connection", theirs);
      return ours;
    },
  };
};

test("questions one after the other share a lent stream, and leave nothing listening on it", async (t) => {
  const { lent, connect } = lend(t, (path, body) => `${path} ${body}`);
  const asker = makeAskHttp(connect, { host: "node", maxAnswerBytes: 100, deadlineMs: 2_000 });
  t.after(asker.stop);
  for (let at = 0; at < QUESTIONS; at += 1) assert.equal(await asker.ask({ path: `/${at}`, body: "{}" }), `/${at} {}`);
  assert.equal(lent.length, 1);
  assert.ok((lent[0]?.listenerCount("error") ?? 0) <= 3);
});

test("an error, a longer answer and a late one are coded refusals", async (t) => {
  const { connect } = lend(t, (path) => (path === "/error" ? null : "x".repeat(200)));
  const asker = makeAskHttp(connect, { host: "node", maxAnswerBytes: 100, deadlineMs: 2_000 });
  t.after(asker.stop);
  const codeOf = async (question: Promise<string>): Promise<string> => question.then(() => "", (error: unknown) => (error instanceof CodedError ? error.code : String(error)));
  assert.equal(await codeOf(asker.ask({ path: "/error" })), "plugin.node.failed");
  assert.equal(await codeOf(asker.ask({ path: "/long" })), "plugin.answer.oversize");
  const silent = makeAskHttp(() => duplexPair()[0], { host: "node", maxAnswerBytes: 100, deadlineMs: 50 });
  t.after(silent.stop);
  assert.equal(await codeOf(silent.ask({ path: "/late" })), "plugin.node.deadline");
});
