import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeMessage, encodeMessage, MESSAGES, type Message } from "@crossguardian/wire";
import { makeLog, readSelfTest } from "../src/index.ts";
import { parseSelfTest } from "../src/parse-self-test.ts";

const clockAt = () => {
  const clock = { nowMs: 0, wallMs: () => clock.nowMs, monotonicMs: () => clock.nowMs, after: () => () => undefined };
  return clock;
};

test("a log line fits its message whatever is put into it", () => {
  const lines: Message<"logLine">[] = [];
  const log = makeLog(clockAt(), (line) => lines.push(line) > 0);
  const facts = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`${"ключ".repeat(40)}${at}`, "漢字\u0007".repeat(400)]));
  log.alarm("событие".repeat(40), facts);
  log.info("lone", { half: "\ud83d", big: 10n ** 300n, yes: true });
  for (const line of lines) {
    const decoded = decodeMessage(MESSAGES.logLine.codec, encodeMessage(MESSAGES.logLine.codec, line));
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value, line);
  }
});

test("a flood of log lines is cut to its rate, and the cut is told", () => {
  const clock = clockAt();
  const lines: Message<"logLine">[] = [];
  const log = makeLog(clock, (line) => lines.push(line) > 0);
  for (let count = 0; count < 10_000; count += 1) log.info("flood");
  assert.equal(lines.length, 400);
  clock.nowMs = 1000;
  log.info("after");
  assert.deepEqual(lines.slice(-1)[0]?.facts, [{ key: "lines", value: "9600" }]);
});

test("a jail is read from the kernel's own texts", () => {
  const found = parseSelfTest({
    status: "Name:\tnode\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n",
    uidMap: "         0     100000          1\n",
    netDev: "Inter-|   Receive\n face |bytes\n    lo:       0       0\n",
    fds: [{ fd: "3", target: "socket:[1]" }],
  });
  assert.deepEqual(found, {
    seccomp: 2,
    noNewPrivs: 1,
    capEff: "0000000000000000",
    uidMap: "0 100000 1",
    netDevices: ["lo"],
    openFds: ["3 socket:[1]"],
  });
});

test("names the kernel reports in any script fit the message", () => {
  const long = "устройство".repeat(40);
  const found = parseSelfTest({ status: `CapEff:\t${long}\n`, uidMap: long, netDev: `a\nb\n${long}: 1\n`, fds: [{ fd: "4", target: long }] });
  const hello = { domain: "x", pid: 1, startedMs: 1n, epoch: 1n, ...found };
  assert.ok(decodeMessage(MESSAGES.hello.codec, encodeMessage(MESSAGES.hello.codec, hello)).ok);
});

test("what can not be read is never taken for a jail", () => {
  const found = parseSelfTest({ status: null, uidMap: null, netDev: null, fds: null });
  assert.deepEqual(found, {
    seccomp: 255,
    noNewPrivs: 255,
    capEff: "unreadable",
    uidMap: "unreadable",
    netDevices: ["unreadable"],
    openFds: ["unreadable"],
  });
});

test("the self-test of this process fits its message", () => {
  const hello = { domain: "x", pid: 1, startedMs: 1n, epoch: 1n, ...readSelfTest() };
  assert.ok(hello.netDevices.includes("lo"));
  assert.ok(decodeMessage(MESSAGES.hello.codec, encodeMessage(MESSAGES.hello.codec, hello)).ok);
});
