import { CodedError } from "@crossguardian/kernel";
import { type OperatorPowers } from "@crossguardian/world";
import { type Command } from "commander";

import { type Context, examples, type InstanceOptions, withInstance } from "../context.ts";
import { examine } from "../doctor/examine.ts";
import { drawFindings, type Finding } from "../doctor/finding.ts";
import { readFacts } from "../doctor/read-facts.ts";
import { findInstance, type InstanceRecord } from "../instance.ts";
import { operatorPowers } from "./contracts.ts";

const EXIT_STUCK = 1;
const EXIT_NOTHING = 2;

/** What `doctor` found. Healthy: nothing is stuck; warnings and notes may be there. */
export type Diagnosis = { readonly instance: string; readonly healthy: boolean; readonly findings: readonly Finding[] };

/** Examines a running instance. */
export const diagnose = async (powers: OperatorPowers, record: InstanceRecord): Promise<Diagnosis> => {
  const findings = examine(await readFacts(powers, record));
  return { instance: record.instance, healthy: !findings.some(({ severity }) => severity === "stuck"), findings };
};

/** `doctor` */
export const registerDoctor = (program: Command, { places, print, say, setExitCode }: Context): void => {
  withInstance(program.command("doctor"))
    .description("names what is stuck, since when, why, what will happen next and what you can do; exit code 0 when nothing is stuck, 1 when something is, 2 when there is nothing to examine")
    .addHelpText("after", examples(["doctor", "doctor --config crossguardian.json", "doctor --instance demo --json"]))
    .action(async (options: InstanceOptions) => {
      const record = ((): InstanceRecord => {
        try {
          return findInstance(places, options);
        } catch (error) {
          if (error instanceof CodedError) setExitCode(EXIT_NOTHING);
          throw error;
        }
      })();
      if (!options.json) say(`asking ${record.houses.length} houses and their chains`);
      const diagnosis = await diagnose(await operatorPowers(), record);
      print(options.json, diagnosis, () => drawFindings(diagnosis.findings, diagnosis.instance));
      if (!diagnosis.healthy) setExitCode(EXIT_STUCK);
    });
};
