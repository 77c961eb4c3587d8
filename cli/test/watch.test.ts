import assert from "node:assert/strict";
import { test } from "node:test";

import { drawTop } from "../src/watch/draw-top.ts";
import { exposition } from "../src/watch/exposition.ts";
import { decodeWatch } from "../src/watch/read-watch.ts";

const ANSWER = {
  house: "gateway-a",
  atMs: 5,
  domains: [
    { name: "relay", kind: "relay", chain: null, phase: "admitted", point: { cpuPercent: 1, memoryBytes: 1_048_576, oldestMs: 20 }, totals: { framesIn: "12", refused: 0 }, refusals: {} },
    { name: "plugin-a", kind: "plugin", chain: "A", phase: "admitted", point: { cpuPercent: 50.5 }, totals: { framesIn: "3" }, refusals: { "switch.flow.denied": "4" } },
  ],
  flows: [{ from: "plugin-a", to: "interaction", framesPerS: 10, bytesPerS: 5_000 }],
};

test("top shows the busiest domain first, its numbers and the widest flows", () => {
  const lines = drawTop([decodeWatch("gateway-a", ANSWER)]).split("\n");
  assert.equal(lines[0], "gateway-a: cpu 51.5 % of a core, 1 MiB");
  assert.match(lines[2] ?? "", /^plugin-a +admitted +50\.5 /u);
  assert.match(lines[4] ?? "", /plugin-a > interaction 10\/s 5 kB\/s/u);
});

test("a house whose management does not answer is shown as such", () => {
  assert.equal(drawTop([decodeWatch("relay", null)]), "relay: management does not answer");
  assert.match(exposition("i", [decodeWatch("relay", null)]), /crossguardian_up\{instance="i",house="relay"\} 0/u);
});

test("metrics are Prometheus text: one HELP and TYPE per family, base units, escaped labels", () => {
  const text = exposition("i", [decodeWatch("gateway-a", ANSWER)]);
  assert.match(text, /^crossguardian_cpu_ratio\{instance="i",house="gateway-a",domain="plugin-a",kind="plugin",chain="A"\} 0\.505$/mu);
  assert.match(text, /^crossguardian_switch_oldest_seconds\{.*domain="relay".*\} 0\.02$/mu);
  assert.match(text, /^crossguardian_switch_frames_in_total\{.*domain="relay".*\} 12$/mu);
  assert.match(text, /^crossguardian_switch_refused_total\{.*cause="switch\.flow\.denied"\} 4$/mu);
  assert.ok(text.endsWith("\n"));
  const families = [...text.matchAll(/^# TYPE (\S+)/gmu)].map((match) => match[1]);
  assert.equal(new Set(families).size, families.length);
  for (const line of text.trimEnd().split("\n")) assert.match(line, /^(# (HELP|TYPE) \S+ .+|[a-z_]+\{[^{}]*\} [0-9.e+-]+)$/u);
});

test("what management answers in another form is left out, and never breaks the view or the text", () => {
  const hostile = { domains: [null, 5, { name: "a\"} 1\nx", kind: {}, chain: 7, phase: null, point: { cpuPercent: "x", b: Infinity }, totals: [], refusals: "?" }], flows: "x" };
  const watched = decodeWatch("h", hostile);
  assert.equal(watched.domains.length, 1);
  assert.equal(watched.domains[0]?.name, "?");
  assert.doesNotMatch(exposition("i", [watched]), /a"\}/u);
  drawTop([watched]);
});
