import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { MODEL_CHECKS, MODEL_MUTATIONS, type ModelCheck } from "./model/model-checks.ts";
import { type Search, searchModel } from "./model/search-model.ts";

const HELP = `Usage: make model ARGS="[--only NAME,...] [--trails] [--json]"

Searches the protocol model in model/ with spin: every property has to hold, and every mutation (a build that is wrong
on purpose) has to be caught. docs/model.md says what is modelled. Exit code 0 when both are so, else 1.

  --only NAME,...  only these configurations and mutations
  --trails         show the counterexample of each mutation too
  --json           the last line is one JSON object

  make model
  make model ARGS="--only MUTATE_LATE_EXECUTE --trails"`;

const MODEL_FOLDER = join(import.meta.dirname, "..", "model");
const SEARCHES_AT_A_TIME = 2;
const MS_PER_SECOND = 1000;

type Row = { readonly check: ModelCheck; readonly isMutated: boolean; readonly search: Search; readonly isGood: boolean };

const print = ({ check, isMutated, search, isGood }: Row, withTrail: boolean): void => {
  const { property, states, depth, seconds, trail, why } = search;
  const verdict = isMutated && search.verdict === "violated" ? "caught" : search.verdict;
  const counts = `${states.toString().padStart(9)} states  depth ${depth.toString().padStart(5)}  ${seconds.toFixed(1).padStart(5)} s`;
  console.log(`${isGood ? "ok    " : "FAILED"}  ${check.name.padEnd(26)} ${property.name.padEnd(19)} ${property.mode.padEnd(9)} ${counts}  ${verdict}${why === "" ? "" : `: ${why}`}`);
  if (search.verdict === "violated" && (!isMutated || withTrail)) for (const [at, event] of trail.entries()) console.log(`        ${(at + 1).toString().padStart(3)}  ${event}`);
};

const jsonOf = ({ check, isMutated, search, isGood }: Row): object => ({
  name: check.name, isMutated, property: search.property.name, mode: search.property.mode, verdict: search.verdict,
  states: search.states, depth: search.depth, seconds: search.seconds, ok: isGood,
});

type Job = { readonly check: ModelCheck; readonly isMutated: boolean };
type Ending = { readonly folder: string; readonly ending: AbortController };

/** Runs every job, a few at a time, and says what came out as it comes. When one fails the others are stopped and waited for. */
const searchAll = async (jobs: readonly Job[], { folder, ending }: Ending, onRow: (row: Row) => void): Promise<void> => {
  const waiting = jobs.map((job, at) => ({ ...job, folder: join(folder, at.toString()) }));
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const { check, isMutated } = job;
      const searches = await searchModel({ modelFolder: MODEL_FOLDER, folder: job.folder, signal: ending.signal }, check, isMutated);
      for (const search of searches) onRow({ check, isMutated, search, isGood: search.verdict === (isMutated ? "violated" : "holds") });
      rmSync(job.folder, { recursive: true, force: true });
    }
  };
  const workers = Array.from({ length: SEARCHES_AT_A_TIME }, async () =>
    work().catch((error: unknown) => {
      ending.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(workers);
  ending.signal.throwIfAborted();
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      only: { type: "string" }, trails: { type: "boolean", default: false },
      json: { type: "boolean", default: false }, help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const all = [...MODEL_CHECKS.map((check) => ({ check, isMutated: false })), ...MODEL_MUTATIONS.map((check) => ({ check, isMutated: true }))];
  const only = values.only?.split(",") ?? null;
  const unknown = only?.filter((name) => all.every(({ check }) => check.name !== name)) ?? [];
  if (unknown.length > 0) throw new Error(`no such configuration or mutation: ${unknown.join(", ")}. There are: ${all.map(({ check }) => check.name).join(", ")}`);
  const jobs = all.filter(({ check }) => only?.includes(check.name) ?? true);

  const start = performance.now();
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => ending.abort(new Error(`stopped by ${signal}`)));
  const folder = mkdtempSync(join(tmpdir(), "crossguardian-model-"));
  const rows: Row[] = [];
  try {
    await searchAll(jobs, { folder, ending }, (row) => {
      rows.push(row);
      print(row, values.trails);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const failed = rows.filter(({ isGood }) => !isGood).length;
  const seconds = (performance.now() - start) / MS_PER_SECOND;
  const caught = rows.filter(({ isMutated, isGood }) => isMutated && isGood).length;
  console.log(`${(rows.length - failed - caught).toString()} properties hold, ${caught.toString()} searches caught their mutation, ${failed.toString()} failed, ${seconds.toFixed(1)} s`);
  if (values.json) console.log(JSON.stringify({ ok: failed === 0, failed, seconds, searches: rows.map(jsonOf) }));
  return failed === 0 ? 0 : 1;
};

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`model: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
