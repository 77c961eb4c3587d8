import { CodedError, type Failure, failure } from "@crossguardian/kernel";
import { Command, CommanderError } from "commander";

import { registerAccess } from "./commands/access.ts";
import { registerAudit } from "./commands/audit.ts";
import { registerAttack } from "./commands/attack.ts";
import { registerBench } from "./commands/bench.ts";
import { registerChaos } from "./commands/chaos.ts";
import { registerContracts } from "./commands/contracts.ts";
import { registerDemo } from "./commands/demo.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerDomain } from "./commands/domain.ts";
import { registerDown } from "./commands/down.ts";
import { registerExperiment } from "./commands/experiment.ts";
import { registerAnalyze } from "./commands/analyze.ts";
import { registerFabric } from "./commands/fabric.ts";
import { registerIsolation } from "./commands/isolation.ts";
import { registerInit } from "./commands/init.ts";
import { registerIntegrity } from "./commands/integrity.ts";
import { registerKeys } from "./commands/keys.ts";
import { registerLogs } from "./commands/logs.ts";
import { registerMetrics } from "./commands/metrics.ts";
import { registerService } from "./commands/service.ts";
import { registerPlugin } from "./commands/plugin.ts";
import { registerStatus } from "./commands/status.ts";
import { registerTop } from "./commands/top.ts";
import { registerTrace } from "./commands/trace.ts";
import { registerTransfer } from "./commands/transfer.ts";
import { registerUp } from "./commands/up.ts";
import { type Context, examples } from "./context.ts";
import { printable } from "./printable.ts";

const VERSION = "0.1.0";
const MAX_WORDS_CHARS = 200;

/** The whole program; errors of arguments are thrown, not printed. */
export const makeProgram = (context: Context): Command => {
  const program = new Command("crossguardian")
    .description("A cross-chain gateway in which no part has to trust another.")
    .version(VERSION, "--version")
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .addHelpText("after", examples(["demo --transfers 20", "init && ./crossguardian up --config crossguardian.json", "transfer A C --wait", "<command> --help"]));
  for (const register of [
    registerDemo,
    registerBench,
    registerChaos,
    registerAttack,
    registerInit,
    registerContracts,
    registerService,
    registerFabric,
    registerUp,
    registerDown,
    registerStatus,
    registerDoctor,
    registerDomain,
    registerExperiment,
    registerIsolation,
    registerAnalyze,
    registerTop,
    registerMetrics,
    registerTransfer,
    registerTrace,
    registerLogs,
    registerKeys,
    registerAccess,
    registerAudit,
    registerIntegrity,
    registerPlugin,
  ]) {
    register(program, context);
  }
  return program;
};

/** The coded failure of an error; null where help or the version was asked for. */
export const failureOf = (error: unknown): Failure | null => {
  if (error instanceof CodedError) return error.failure;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return null;
    return error.code === "commander.help"
      ? failure("cli.argument.bad", { why: "a command is missing" })
      : failure("cli.argument.bad", { why: printable(error.message.replace(/^error: /u, ""), MAX_WORDS_CHARS) });
  }
  return failure("cli.unexpected", { why: printable(error instanceof Error ? error.message : String(error), MAX_WORDS_CHARS) });
};
