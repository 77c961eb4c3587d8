import { type IsolationPlan } from "@crossguardian/world";
import { type Command, InvalidArgumentError } from "commander";

import { type Places } from "./instance.ts";

/** What commands are handed. */
export type Context = {
  readonly places: Places;
  /** The answer: on standard output. */
  readonly print: (json: boolean, value: unknown, text: () => string) => void;
  /** Progress: on standard error. */
  readonly say: (text: string) => void;
  readonly setExitCode: (code: number) => void;
  /** Ends at the first SIGINT, SIGTERM or SIGHUP. */
  readonly stopSignal: () => AbortSignal;
  /** @throws cli.root.needed where isolation needs it */
  readonly needRoot: (isolation: IsolationPlan) => void;
};

/** Option of every command. */
export const JSON_OPTION = ["--json", "machine-readable output, one line", false] as const;

/** Adds the options that choose an instance. */
export const withInstance = (command: Command): Command =>
  command
    .option("--instance <name>", "which one, when several run")
    .option("--config <file>", "the one of this configuration file")
    .option(...JSON_OPTION);

/** Options that choose an instance. */
export type InstanceOptions = { readonly instance?: string; readonly config?: string; readonly json: boolean };

/** Reads a whole number in a range. */
export const count = (low: number, high: number) => (text: string): number => {
  const value = Number(text);
  if (!/^\d{1,15}$/u.test(text) || value < low || value > high) throw new InvalidArgumentError(`a whole number from ${low} to ${high}`);
  return value;
};

/** Reads a 20-byte address. */
export const address = (text: string): `0x${string}` => {
  if (!/^0x[0-9a-f]{40}$/iu.test(text)) throw new InvalidArgumentError("0x and 40 hexadecimal digits");
  return `0x${text.slice(2).toLowerCase()}`;
};

/** Reads text of a form. */
export const form = (pattern: RegExp, wanted: string) => (text: string): string => {
  if (text.length > 1_024 || !pattern.test(text)) throw new InvalidArgumentError(wanted);
  return text;
};

/** Adds a value to those given before: for options that may be repeated. */
export const repeated = (value: string, before: readonly string[]): readonly string[] => [...before, value].slice(0, 64);

/** Text of the examples at the end of a command's help. */
export const examples = (lines: readonly string[]): string => `\nExamples:\n${lines.map((line) => `  ./crossguardian ${line}`).join("\n")}`;
