import { realpathSync } from "node:fs";

import { type MakeDriver, measureCosts } from "@crossguardian/isolation";
import { type Command } from "commander";

import { type Context, examples } from "../context.ts";
import { MEASURABLE_DRIVERS } from "../measurable-drivers.ts";
import { type DriverReport, meetsBars, recommend } from "../recommend-isolation.ts";

const MIB_BYTES = 1024 * 1024;

const reportOf = async (make: MakeDriver): Promise<DriverReport> => {
  const capabilities = await make("/nonexistent").capabilities();
  const { driver, missing } = capabilities;
  if (!capabilities.usable) return { driver, capabilities, costs: null, why: missing.map(({ part, remedy }) => `${part}: ${remedy}`).join("; ") };
  try {
    return { driver, capabilities, costs: await measureCosts(make, realpathSync(process.execPath)), why: null };
  } catch (error) {
    return { driver, capabilities, costs: null, why: error instanceof Error ? error.message : String(error) };
  }
};

const draw = (report: DriverReport): string => {
  const { driver, capabilities, costs, why } = report;
  const runtime = capabilities.runtime === null ? "" : ` (${capabilities.runtime.name} ${capabilities.runtime.version})`;
  const bars = meetsBars(report);
  const words =
    costs === null
      ? [`  does not run here: ${why ?? ""}`]
      : [
          `  start to first frame ${costs.startMs} ms, second start ${costs.againMs} ms, memory ${Math.round(costs.memoryBytes / MIB_BYTES)} MiB${bars === null ? "" : bars ? " (bars kept)" : " (bars not kept)"}`,
          `  round trip ${costs.roundTripUs} us, ${costs.framesPerSecond} frames of 500 bytes/s, SHA-256 ${costs.sha256PerSecond}/s, Ed25519 ${costs.verifyPerSecond}/s`,
          `  enforces: ${capabilities.limits.join(", ")} limits${capabilities.seccomp ? ", a system-call filter" : ""}${capabilities.readOnlyRoot ? ", a read-only root" : ""}`,
        ];
  return [`${driver}${runtime}`, ...words, ...capabilities.notes.map((note) => `  note: ${note}`)].join("\n");
};

/** `isolation` */
export const registerIsolation = (program: Command, { needRoot, say }: Context): void => {
  program
    .command("isolation")
    .description("what each isolation driver can do and costs on this machine, measured now, and which to choose")
    .option("--json", "one JSON object", false)
    .addHelpText("after", examples(["isolation", "isolation --json"]))
    .action(async ({ json }: { readonly json: boolean }) => {
      needRoot("oci");
      const reports: DriverReport[] = [];
      for (const make of MEASURABLE_DRIVERS) {
        say(`measuring driver ${String(reports.length + 1)} of ${String(MEASURABLE_DRIVERS.length)}`);
        reports.push(await reportOf(make));
      }
      if (json) {
        const drivers = reports.map((report) => ({ ...report, meetsBars: meetsBars(report) }));
        process.stdout.write(`${JSON.stringify({ drivers, recommendation: recommend(reports) })}\n`);
      } else process.stdout.write(`${reports.map(draw).join("\n\n")}\n\n${recommend(reports)}\n`);
    });
};
