import { type ContentionRun, runContended } from "../test/contention.ts";

// The same load on the same contended chain with and without windows that tighten; one line of JSON for each loss, the last numbers are with / without.
// Usage: contention.ts [entries per second] [seconds] [seed]
const [perSecond = 40, seconds = 30, seed = 1] = process.argv.slice(2).map(Number);
const LOSSES = [0, 0.002, 0.01, 0.05];
const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;
const shown = (run: ContentionRun): object => Object.fromEntries(Object.entries(run).map(([name, value]) => [name, rounded(value)]));

for (const loss of LOSSES) {
  const [on, off] = [await runContended({ tightening: true, loss, perSecond, seconds, seed }), await runContended({ tightening: false, loss, perSecond, seconds, seed })];
  const ratio = { triesPerEntry: rounded(on.triesPerEntry / off.triesPerEntry), p50Ms: rounded(on.p50Ms / off.p50Ms), p99Ms: rounded(on.p99Ms / off.p99Ms), otherP99Ms: rounded(on.otherP99Ms / off.otherP99Ms) };
  console.log(JSON.stringify({ loss, perSecond, seconds, with: shown(on), without: shown(off), ratio }));
}
