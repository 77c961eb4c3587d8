import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { decodeSearch, type SearchResult } from "./decode-search.ts";
import { type ModelCheck, type Property } from "./model-checks.ts";
import { readTrail } from "./read-trail.ts";
import { runProgram } from "./run-program.ts";

/** One property of one configuration, searched. `trail`: the counterexample's events. */
export type Search = SearchResult & { readonly property: Property; readonly seconds: number; readonly trail: readonly string[] };

const COMPILE_DEADLINE_MS = 120_000;
/** Longest search; the whole of `make model` is to take two minutes on two processors. */
const SEARCH_DEADLINE_MS = 300_000;
const TRAIL_DEADLINE_MS = 60_000;
/** Steps of the longest run that is followed; a search that gets there does not count. */
const MAX_DEPTH = "100000";
/** A counterexample of a mutation is looked for up to here: the shorter, the easier to read. */
const MUTATED_DEPTH = "120";
/** 2^24 places in pan's hash table: 128 MB. */
const HASH_BITS = "24";
/** For weak fairness with up to 22 processes (pan says when it is too small). */
const FAIR_WORDS = "-DNFAIR=4";
/** Memory of one search, in MB. */
const MEMORY_LIMIT = "-DMEMLIM=3000";
const MS_PER_SECOND = 1000;

const panArgs = ({ name, mode }: Property, isMutated: boolean): readonly string[] => {
  const ways = { "invariant": isMutated ? ["-i"] : [], "every run": ["-a"], "fair runs": ["-a", "-f"] };
  return [...ways[mode], "-N", name, `-m${isMutated && mode === "invariant" ? MUTATED_DEPTH : MAX_DEPTH}`, `-w${isMutated ? "16" : HASH_BITS}`];
};

/** Where and until when. `folder` must be empty; everything is written there. */
export type SearchPlace = { readonly modelFolder: string; readonly folder: string; readonly signal: AbortSignal };

/**
 * Compiles a configuration and searches each of its properties. `isMutated`: compile fast and look for a short
 * counterexample, since there has to be one.
 */
export const searchModel = async (place: SearchPlace, check: ModelCheck, isMutated: boolean): Promise<readonly Search[]> => {
  const { folder: cwd, signal } = place;
  mkdirSync(cwd);
  cpSync(place.modelFolder, cwd, { recursive: true });
  const defines = check.defines.map((define) => `-D${define}`);
  const run = async (command: string, args: readonly string[], deadlineMs: number): Promise<string> => {
    const { code, output, timedOut } = await runProgram(command, args, { cwd, deadlineMs, signal });
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`${check.name}: ${command} ${timedOut ? "took too long" : "failed"}:\n${output}`);
    return output;
  };

  await run("spin", ["-a", ...defines, check.file], COMPILE_DEADLINE_MS);
  const isInvariant = check.properties.every(({ mode }) => mode === "invariant");
  const searches: Search[] = [];
  const compile = async (way: readonly string[]): Promise<string> =>
    run("gcc", ["-w", isMutated ? "-O0" : "-O2", MEMORY_LIMIT, ...way, "-o", "pan", "pan.c"], COMPILE_DEADLINE_MS);
  await compile(isInvariant ? ["-DSAFETY", ...(isMutated ? ["-DREACH"] : [])] : [FAIR_WORDS]);

  for (const property of check.properties) {
    const ended = await runProgram(join(cwd, "pan"), panArgs(property, isMutated), { cwd, deadlineMs: SEARCH_DEADLINE_MS, signal });
    signal.throwIfAborted();
    const result: SearchResult = ended.timedOut
      ? { verdict: "incomplete", states: 0, depth: 0, why: `not done within ${SEARCH_DEADLINE_MS / MS_PER_SECOND} s` }
      : decodeSearch(ended.output, property.name);
    const trail = result.verdict === "violated"
      ? readTrail((await runProgram("spin", ["-t", "-T", ...defines, check.file], { cwd, deadlineMs: TRAIL_DEADLINE_MS, signal })).output)
      : [];
    searches.push({ ...result, property, seconds: ended.ms / MS_PER_SECOND, trail });
  }
  return searches;
};
