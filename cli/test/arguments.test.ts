import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { type Failure } from "@crossguardian/kernel";
import fc from "fast-check";

import { type Context } from "../src/context.ts";
import { formatTokens, parseTokens } from "../src/parse-tokens.ts";
import { failureOf, makeProgram } from "../src/program.ts";

const folder = mkdtempSync(join(tmpdir(), "cg-arguments-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const context: Context = {
  places: { runRoot: join(folder, "run"), stateDir: folder, dataRoot: join(folder, "instances") },
  print: () => undefined,
  say: () => undefined,
  setExitCode: () => undefined,
  stopSignal: () => new AbortController().signal,
  needRoot: () => undefined,
};

const run = async (args: readonly string[]): Promise<Failure | null> => {
  const program = makeProgram(context);
  for (const command of [program, ...program.commands, ...program.commands.flatMap((each) => each.commands)]) {
    command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined, outputError: () => undefined });
  }
  try {
    await program.parseAsync(["node", "crossguardian", ...args]);
    return null;
  } catch (error) {
    return failureOf(error);
  }
};

test("unknown commands, unknown options and missing arguments are coded", async () => {
  for (const args of [[], ["nope"], ["demo", "--nope"], ["transfer"], ["transfer", "A"], ["contracts"], ["contracts", "deploy"], ["contracts", "deploy", "--key", "x"], ["service", "register"], ["keys"], ["status", "more", "words"]]) {
    assert.equal((await run(args))?.code, "cli.argument.bad", args.join(" "));
  }
});

test("values outside their range are coded before anything is done", async () => {
  for (const args of [
    ["demo", "--transfers", "0"], ["demo", "--transfers", "1e3"], ["demo", "--transfers", "9999999999"], ["demo", "--chain", "geth"], ["demo", "--isolation", "maybe"],
    ["bench", "--seconds", "NaN"], ["transfer", "A", "C", "--amount", "-1"], ["transfer", "A", "C", "--amount", "0"], ["transfer", "A", "C", "--amount", "0x10"],
    ["transfer", "A;rm", "C"], ["transfer", "A", "C", "--receiver", "0x12"], ["trace", "../../etc/passwd"], ["logs", "../secret"], ["init", "--name", "../up"], ["init", "--name", "UPPER"],
    ["service", "register", "--config", "x", "--service", "A:B"], ["service", "register", "--config", "x", "--address", "0xzz"],
  ]) {
    assert.equal((await run(args))?.code, "cli.argument.bad", args.join(" "));
  }
});

test("help and the version are no failures, at every level", async () => {
  for (const args of [["--help"], ["--version"], ["help", "up"], ["up", "--help"], ["contracts", "--help"], ["contracts", "deploy", "--help"], ["service", "register", "--help"], ["keys", "show", "--help"]]) {
    assert.equal(await run(args), null, args.join(" "));
  }
});

test("what does not run or exist is said by code", async () => {
  for (const command of [["status"], ["logs"], ["keys", "show"], ["trace", "a-b-1"], ["transfer", "A", "C"], ["down"], ["up"]]) {
    assert.equal((await run(command))?.code, "cli.world.missing", command.join(" "));
    assert.equal((await run([...command, "--instance", "nobody"]))?.code, "cli.world.missing");
    assert.equal((await run([...command, "--config", join(folder, "absent.json")]))?.code, "config.file.unreadable");
  }
});

test("no arguments cause anything but a coded failure", async () => {
  const heads = [["status"], ["logs"], ["keys", "show"], ["trace"], ["transfer"], ["down"], ["up"], ["contracts", "deploy"], ["contracts", "mint"], ["service", "register"]];
  const words = fc.array(fc.oneof(fc.string(), fc.constantFrom("--config", "--instance", "--json", "--key", "--chain", "--amount", "--wait", "--service", "--address", "--with", "A", "C")), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...heads), words, async (head, rest) => {
      assert.notEqual((await run([...head, ...rest]))?.code, "cli.unexpected", JSON.stringify(rest));
    }),
    { numRuns: 300 },
  );
});

test("amounts keep all eighteen decimals", () => {
  assert.equal(parseTokens("1.5"), 15n * 10n ** 17n);
  assert.equal(parseTokens("0.000000000000000001"), 1n);
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), (units) => {
    assert.equal(parseTokens(formatTokens(units)), units);
  }));
});
