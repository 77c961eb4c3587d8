import { type Command } from "commander";

import { type Context, examples, form, type InstanceOptions, withInstance } from "../context.ts";
import { askDomain, decodeSteps } from "../decode-answer.ts";
import { drawSteps, type Step } from "../demo/picture.ts";
import { findInstance, type InstanceRecord } from "../instance.ts";

/** A transfer's way, as the two gateways saw it. */
export type Trace = { readonly id: string; readonly steps: readonly (Step & { readonly gateway: string })[] };

/** Asks every gateway for its part of a transfer's way. Empty when none knows it. */
export const readTrace = async (record: InstanceRecord, id: string): Promise<Trace> => {
  const parts = await Promise.all(
    record.houses
      .filter(({ house }) => house !== "relay")
      .map(async ({ house, runDir }) => {
        const steps = decodeSteps(await askDomain(runDir, "interaction", "trace", id));
        return steps.map((step) => ({ ...step, gateway: house }));
      }),
  );
  return { id, steps: parts.flat().sort((left, right) => left.ms - right.ms) };
};

/** The trace for a person. */
export const drawTrace = (trace: Trace): string =>
  trace.steps.length === 0
    ? `no gateway knows ${trace.id}`
    : drawSteps(trace.steps);

/** `trace` */
export const registerTrace = (program: Command, { places, print, setExitCode }: Context): void => {
  withInstance(program.command("trace"))
    .description("a transfer's way through the domains of both gateways; exit code 1 when no gateway knows it")
    .argument("<id>", "from-to-index, as `transfer` prints it", form(/^[A-Za-z0-9._:-]{1,360}$/u, "an id like 1356:A:vault-1356:C:vault-1"))
    .addHelpText("after", examples(['trace "1356:A:vault-1356:C:vault-1"']))
    .action(async (id: string, options: InstanceOptions) => {
      const trace = await readTrace(findInstance(places, options), id);
      print(options.json, trace, () => drawTrace(trace));
      if (trace.steps.length === 0) setExitCode(1);
    });
};
