import { randomBytes } from "node:crypto";

import { type ExperimentOptions } from "@crossguardian/bench";
import { type Command } from "commander";

import { type Context, count, JSON_OPTION } from "../context.ts";

/** Options of the experiments that put a gateway under load. */
export type LoadOptions = { readonly rate: number; readonly seconds: number; readonly json: boolean };
/** See {@link LoadOptions}; and how often, and where figures go. */
export type AttackOptions = LoadOptions & { readonly repeat: number; readonly out?: string };

const MAX_RATE = 2_000;
const MAX_SECONDS = 3_600;
const MAX_REPEAT = 1_000;

/** Adds rate, length and form of the answer. */
export const withLoad = (command: Command, rate: number, seconds: number): Command =>
  command
    .option("--rate <n>", "transfers per second over all pairs together", count(1, MAX_RATE), rate)
    .option("--seconds <s>", "length of each phase", count(5, MAX_SECONDS), seconds)
    .option(...JSON_OPTION);

/** Adds what the attacks have beside the load. */
export const withAttack = (command: Command): Command =>
  withLoad(command, 40, 10)
    .option("--repeat <n>", "runs, each on a gateway of its own; with more than one, p50 and p99 of every time", count(1, MAX_REPEAT), 1)
    .option("--out <dir>", "folder for a CSV file and an SVG plot of cpu and memory of each run");

/** What an experiment is told, out of the command's options. */
export const optionsOf = ({ places, stopSignal }: Context, { rate, seconds }: LoadOptions): ExperimentOptions => ({
  instance: `e-${randomBytes(2).toString("hex")}`,
  ...places,
  signal: stopSignal(),
  write: (text) => process.stderr.write(text),
  perSecond: rate,
  seconds,
});

/** p50 and p99 of numbers, null left out; null for none. */
export const spreadOf = (values: readonly (number | null)[]): { readonly p50: number; readonly p99: number; readonly samples: number } | null => {
  const sorted = values.filter((value) => value !== null).sort((left, right) => left - right);
  const at = (p: number): number => sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? 0;
  return sorted.length === 0 ? null : { p50: at(50), p99: at(99), samples: sorted.length };
};

/** One row of a table beside the paper's figures. */
export type Row = readonly [what: string, measured: string, paper: string, bar: string];

/** Draws rows under a title. */
export const drawTable = (title: string, rows: readonly Row[]): string => {
  const all: readonly Row[] = [["", "measured", "paper", "bar"], ...rows];
  const widths = [0, 1, 2, 3].map((at) => Math.max(...all.map((row) => (row[at] ?? "").length)));
  return [title, ...all.map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart((widths[at] ?? 0) + 2))).join("").trimEnd())].join("\n");
};

/** A time for a person. */
export const ms = (value: number | null): string => (value === null ? "never" : `${value} ms`);
