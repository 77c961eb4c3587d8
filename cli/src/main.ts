import process from "node:process";

import { CodedError, describeFailure } from "@crossguardian/kernel";

import { type Context } from "./context.ts";
import { placesOf } from "./instance.ts";
import { failureOf, makeProgram } from "./program.ts";

const stopSignal = (): AbortSignal => {
  const control = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!control.signal.aborted) process.stderr.write(`\n${name}: taking everything down\n`);
      control.abort(new CodedError("cli.stopped", { signal: name }));
    });
  }
  return control.signal;
};

const context: Context = {
  places: placesOf(process.env),
  print: (json, value, text) => {
    process.stdout.write(json ? `${JSON.stringify(value)}\n` : `${text()}\n`);
  },
  say: (text) => {
    process.stderr.write(`${text}\n`);
  },
  setExitCode: (code) => {
    process.exitCode = code;
  },
  stopSignal,
  needRoot: (isolation) => {
    if (isolation !== "none" && process.getuid?.() !== 0) throw new CodedError("cli.root.needed");
  },
};

try {
  await makeProgram(context).parseAsync();
} catch (error) {
  const failed = failureOf(error);
  if (failed !== null) {
    process.stderr.write(`${describeFailure(failed)}\n`);
    if (failed.code === "cli.unexpected" && process.env["CROSSGUARDIAN_DEBUG"] !== undefined) console.error(error);
    const facts = Object.fromEntries(Object.entries(failed.facts).map(([key, fact]) => [key, typeof fact === "bigint" ? fact.toString() : fact]));
    if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify({ error: { code: failed.code, facts } })}\n`);
    process.exitCode ??= 1;
  }
}
