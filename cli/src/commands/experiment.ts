import { type Command } from "commander";

import { type Context, examples } from "../context.ts";

/** Adds one experiment to the command; each has a file of its own in `cli/src/experiments`. */
type Register = (experiment: Command, context: Context) => void;

const EXPERIMENTS: readonly Register[] = [];

/** `experiment`: one sub-command per experiment on a real gateway that is built for it and taken down again. */
export const registerExperiment = (program: Command, context: Context): void => {
  if (EXPERIMENTS.length === 0) return;
  const experiment = program
    .command("experiment")
    .description("an experiment on a real gateway of its own; what was measured is printed, exit code 1 when a bar is missed")
    .addHelpText("after", examples(["experiment failover --repeat 20", "experiment failover --repeat 200 --json"]));
  for (const register of EXPERIMENTS) register(experiment, context);
};
